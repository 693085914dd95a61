//go:build !linux

package embedded

import "syscall"

// endWithUs does nothing: only Linux can do that. A server on a temporary folder
// outlives a kill -9 of its starter here.
func endWithUs(*syscall.SysProcAttr, syscall.Signal) {}
