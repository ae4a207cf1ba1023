package sql

// World is the rows of relations.
type World interface {
	Rows(relation int) []Row
}

// Frame is what an evaluation reads. It can be used again and again, by one
// goroutine at a time; atoms may evaluate other programs with it.
type Frame struct {
	World World
	Row   Row // of Scope.Base
	Vars  []Value

	stack     []Row // rows of sub-selects
	base, top int   // the running program's part of the stack
}

// enter gives the running program n rows of the stack; leave takes what enter
// returned.
func (f *Frame) enter(n int) (base, top int) {
	base, top = f.base, f.top
	f.base, f.top = f.top, f.top+n
	for len(f.stack) < f.top {
		f.stack = append(f.stack, nil)
	}
	return base, top
}

func (f *Frame) leave(base, top int) { f.base, f.top = base, top }
