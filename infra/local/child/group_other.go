//go:build unix && !linux

package child

import "syscall"

// ownGroup puts a process into a new process group, so that Ctrl-C in a terminal
// reaches only the stack, which then ends the process in order. If the stack is
// killed, functions end because their Runtime API is gone.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
