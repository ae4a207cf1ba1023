package props

import (
	"errors"
	"fmt"
	"io/fs"
)

// InputError says that a contract, or a file that it names, cannot be used: the user's
// to mend, not a failure of the environment.
type InputError struct{ Err error }

// Error is the mistake.
func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap gives the mistake.
func (e *InputError) Unwrap() error { return e.Err }

// input marks an error as one of the user's files.
func input(err error) error {
	if err == nil {
		return nil
	}
	return &InputError{err}
}

// missing says what to do about a contract that is not there.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no contract %s: name one, draft one with rlsfuzz init SOURCE, or see what one looks like with rlsfuzz demo --write DIR", path)
	}
	return input(err)
}
