package finding

import "fmt"

// Stale says that the contract or the schema does not have what a case names, or
// demands what the case lacks: it cannot run.
type Stale struct {
	Name   string // the case's file
	Pos    Pos
	Reason string
}

// Error is file:line:column: reason.
func (e *Stale) Error() string {
	if e.Pos.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Pos.Line, e.Pos.Column, e.Reason)
}

func (k *Case) stale(pos Pos, format string, args ...any) *Stale {
	name := k.Name
	if name == "" {
		name = "case"
	}
	return &Stale{Name: name, Pos: pos, Reason: fmt.Sprintf(format, args...)}
}
