package run

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// runner calls paths of one kind for a session with a real connection of its own. What a
// path does is an Output, its errors included; an error of run is one of the
// surroundings, such as a lost connection.
type runner interface {
	run(ctx context.Context, s *session, id *model.Identity, step *model.Step) (*model.Output, error)
}

// runner is what calls a path.
func (m *Committer) runner(p *model.Path) runner {
	switch {
	case p.Program != nil:
		return inProgram{m}
	case p.Go != "":
		return inGo{m}
	}
	return inSQL{m}
}

// inSQL runs the SQL of a path: each transaction bound as the contract says, up to
// the first that fails.
type inSQL struct{ m *Committer }

func (r inSQL) run(ctx context.Context, s *session, id *model.Identity, step *model.Step) (*model.Output, error) {
	list, undone, err := statements(id, step)
	if err != nil {
		return nil, err
	}
	out := &model.Output{}
	for n, tx := range list {
		err := s.within(ctx, id, undone[n], func() error {
			for i := range tx {
				r, err := s.result(ctx, &tx[i], step.Prepared)
				if err != nil {
					return err
				}
				out.Results = append(out.Results, r)
			}
			return nil
		})
		if out.Err, err = r.m.Own.refusal(err); err != nil {
			return nil, err
		}
		if out.Err != nil {
			break
		}
	}
	out.Notices = s.notices
	return out, nil
}

// result runs one statement.
func (s *session) result(ctx context.Context, st *statement, prepared bool) (model.Result, error) {
	if st.copy {
		lines, n, err := s.copyLines(ctx, st.text)
		return model.Result{Rows: lines, Count: n}, err
	}
	run := s.exec
	if prepared && !st.bare && !s.via {
		run = s.again
	}
	kept, n, err := run(ctx, st.text, st.args)
	return model.Result{Rows: kept, Count: n}, err
}

// outputs collects the rows of all results, and the rows that the last one is said to have affected.
func outputs(o *model.Output) (rows []model.Row, count int) {
	for i := range o.Results {
		rows = append(rows, o.Results[i].Data()...)
		count = o.Results[i].Count
	}
	return rows, count
}
