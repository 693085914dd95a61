// Command broken stands in an image that does not work: it ends at once, or runs
// and never gets ready.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

var how string // set by the linker

func main() {
	if how == "hanging" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		return
	}
	fmt.Fprintln(os.Stderr, "this image is broken")
	os.Exit(1)
}
