//go:build unix

package child

import (
	"os"
	"syscall"
)

// signalGroup signals the process and its children.
func signalGroup(process *os.Process, signal syscall.Signal) {
	_ = syscall.Kill(-process.Pid, signal)
}
