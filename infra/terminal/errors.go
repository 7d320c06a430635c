package terminal

import (
	"errors"
	"fmt"
)

// Exit codes of the command, for scripts.
const (
	ExitOK       = 0 // success
	ExitFailed   = 1 // the command failed
	ExitUsage    = 2 // wrong usage: the command line, or a setting in it
	ExitFindings = 3 // the command ran and found problems
)

// ErrFindings is returned by a command that ran, and printed the problems that it
// found.
var ErrFindings = errors.New("problems were found")

// Findings returns err, or else [ErrFindings] if problems were found.
func Findings(found bool, err error) error {
	if err == nil && found {
		return ErrFindings
	}
	return err
}

// UsageError is a wrong command line.
type UsageError struct{ Err error }

// Usagef returns a [UsageError] with a formatted message.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e UsageError) Unwrap() error { return e.Err }

// FixableError is an error with a command that fixes it.
type FixableError struct {
	Err error
	Fix string // a command line, such as "make dev"
}

// Fixable adds the command line that fixes the error; nil stays nil.
func Fixable(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return FixableError{err, fmt.Sprintf(format, args...)}
}

func (e FixableError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e FixableError) Unwrap() error { return e.Err }

// ExitCode returns the exit code for a command's error.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, ErrFindings) {
		return ExitFindings
	}
	if _, ok := errors.AsType[UsageError](err); ok {
		return ExitUsage
	}
	return ExitFailed
}
