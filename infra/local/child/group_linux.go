package child

import "syscall"

// ownGroup gives a process a group of its own, so that Ctrl-C in a terminal
// reaches the stack alone, which then ends the process in order; and has the
// kernel end it if the stack is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
