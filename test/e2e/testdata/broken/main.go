// Command broken stands in an image that does not work: it ends at once, or runs
// and never gets ready. As a deaf Redis it takes connections and answers none.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

var how string // set by the linker

func main() {
	if how == "deaf" {
		listen(":6379")
		return
	}
	if how == "hanging" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		return
	}
	fmt.Fprintln(os.Stderr, "this image is broken")
	os.Exit(1)
}

// listen takes connections until it is killed. Asked for its version, it ends well.
func listen(address string) {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		return
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}
