//go:build unix && !linux

package child

import "syscall"

// ownGroup gives a process a group of its own, so that Ctrl-C in a terminal
// reaches the stack alone, which then ends the process in order. If the stack
// is killed, a function ends by itself, since the Runtime API is gone.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
