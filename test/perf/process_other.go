//go:build !linux

package main

import "syscall"

// diesWithParent has no counterpart here: a process may outlive this program
// when that is killed.
func diesWithParent() *syscall.SysProcAttr { return nil }
