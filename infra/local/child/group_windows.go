package child

import (
	"os"
	"syscall"
)

// ownGroup puts a process into a new process group, so that Ctrl-C in a terminal
// reaches only the stack, which then ends the process.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup kills the process for any signal, since Windows has none. Children
// of the process keep running.
func signalGroup(process *os.Process, _ syscall.Signal) { _ = process.Kill() }
