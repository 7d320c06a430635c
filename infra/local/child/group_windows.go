package child

import (
	"os"
	"syscall"
)

// ownGroup gives a process a group of its own, so that Ctrl-C in a terminal
// reaches the stack alone, which then ends the process.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup ends the process whatever the signal, since Windows has none, and
// leaves what the process has started.
func signalGroup(process *os.Process, _ syscall.Signal) { _ = process.Kill() }
