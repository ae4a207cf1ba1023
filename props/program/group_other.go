//go:build !(linux || darwin || freebsd)

package program

import "os/exec"

// Elsewhere only the program itself can be ended, not what it started.
func group(*exec.Cmd)         {}
func end(cmd *exec.Cmd) error { return cmd.Process.Kill() }
