package embedded

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// portFile keeps the port a service listened on, so that it comes back on the
// same one when that is still free.
const portFile = "port"

// port returns a free loopback port: the one this folder had before, if it can
// be had again, else any.
func (f *folder) port() (int, error) {
	if before := f.portBefore(); before != 0 {
		if port, err := freePort(before); err == nil {
			return port, nil
		}
	}
	port, err := freePort(0)
	if err != nil {
		return 0, fmt.Errorf("finding a free loopback port: %w", err)
	}
	return port, f.keepPort(port)
}

// portBefore is the port that the folder's service had last; 0 if none.
func (f *folder) portBefore() int {
	kept, err := os.ReadFile(f.file(portFile))
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(kept)))
	if err != nil {
		return 0
	}
	return port
}

func (f *folder) keepPort(port int) error {
	return writeFile(f.file(portFile), []byte(strconv.Itoa(port)+"\n"))
}

// freePort asks the system for a loopback port; 0 asks for any.
func freePort(port int) (int, error) {
	listener, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return 0, err
	}
	got := listener.Addr().(*net.TCPAddr).Port
	return got, listener.Close()
}

// loopback is the address of a port on this machine.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
