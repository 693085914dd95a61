package embedded

import "syscall"

// endWithUs asks the system to send a child the signal when we have ended,
// however that came. It counts the thread that started the child as us:
// startServer keeps that thread.
func endWithUs(attributes *syscall.SysProcAttr, signal syscall.Signal) { attributes.Pdeathsig = signal }
