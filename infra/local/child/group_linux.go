package child

import "syscall"

// ownGroup puts a process into a new process group, so that Ctrl-C in a terminal
// reaches only the stack, which then ends the process in order. The kernel kills
// the process if the stack is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
