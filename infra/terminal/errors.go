package terminal

import (
	"errors"
	"fmt"
)

// Exit codes of the command, for scripts.
const (
	ExitOK      = 0 // all is well
	ExitFailed  = 1 // the command failed
	ExitUsage   = 2 // wrong usage: the command line, or a setting that it gives
	ExitNotWell = 3 // the command ran, and what it looked at is not well
)

// ErrNotWell ends a command that ran and printed what is not well.
var ErrNotWell = errors.New("not well")

// UsageError is a command line that cannot be carried out.
type UsageError struct{ Err error }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e UsageError) Unwrap() error { return e.Err }

// FixableError is an error with the command that gets over it.
type FixableError struct {
	Err error
	Fix string // a command line, such as "make dev"
}

// Fixable adds the command line that gets over the error; nil stays nil.
func Fixable(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return FixableError{err, fmt.Sprintf(format, args...)}
}

func (e FixableError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e FixableError) Unwrap() error { return e.Err }

// ExitCode returns the exit code for what a command returned.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, ErrNotWell) {
		return ExitNotWell
	}
	if _, ok := errors.AsType[UsageError](err); ok {
		return ExitUsage
	}
	return ExitFailed
}
