package props

import (
	"context"
	"errors"
	"sync"
	"time"
)

// kept is labs whose scratch copies are as the template is. Searches of weakened targets
// that can be put back take one and leave it to the next: to copy databases, connect and
// plan the same statements anew takes longer than to search.
type kept struct {
	mu   sync.Mutex
	labs []*lab
}

func (k *kept) take() *lab {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.labs)
	if n == 0 {
		return nil
	}
	l := k.labs[n-1]
	k.labs = k.labs[:n-1]
	return l
}

func (k *kept) put(l *lab) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.labs = append(k.labs, l)
}

func (k *kept) close() {
	for l := k.take(); l != nil; l = k.take() {
		l.close()
	}
}

// lab is a place for a worker: one that an earlier search left, or a new one.
func (t *Target) lab(ctx context.Context, met *troubles) (*lab, error) {
	if len(t.back) == 0 {
		return t.newLab(ctx, met)
	}
	old := t.kept.take()
	if old == nil {
		return t.newLab(ctx, met)
	}
	err := old.change(ctx, t.changes)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		t.kept.put(old)
		return nil, err
	case err != nil: // its server may have gone meanwhile
		old.close()
		return t.newLab(ctx, met)
	}
	l := t.bareLab(met)
	l.fast, l.committer, l.databases = old.fast, old.committer, old.databases
	if l.accept(); l.committer != nil {
		l.lend(l.committer)
	}
	return l, nil
}

// leave ends the use of a lab.
func (l *lab) leave() {
	if len(l.back) == 0 {
		l.close()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	if err := l.change(ctx, l.back); err != nil {
		l.close()
		return
	}
	l.kept.put(l)
}

// leaveWithin bounds how long a lab's copies are put back: the server may be gone.
const leaveWithin = 10 * time.Second

// change changes the lab's scratch copies.
func (l *lab) change(ctx context.Context, statements []string) error {
	if err := l.fast.Change(ctx, statements); err != nil {
		return refusal(statements, err)
	}
	if l.committer == nil {
		return nil
	}
	return l.committer.Change(ctx, statements)
}
