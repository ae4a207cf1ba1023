//go:build !(linux || darwin || freebsd)

package program

import "os/exec"

// Group does nothing: elsewhere only the program itself can be ended, not what it started.
func Group(*exec.Cmd) {}

// End ends the program.
func End(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// Ask ends the program too: there is no kinder way that every system knows.
func Ask(cmd *exec.Cmd) error { return cmd.Process.Kill() }
