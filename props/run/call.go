package run

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// statement is one statement of a call, ready to be sent.
type statement struct {
	text string
	args []model.Value
	copy bool // its answer is COPY data
	bare bool // its values are written into it
}

// statements takes a call apart: its transactions, each with its statements.
func statements(id *model.Identity, step *model.Step) ([][]statement, []bool, error) {
	var out [][]statement
	var undone []bool
	for _, tx := range step.Transactions() {
		var list []statement
		for i := range tx.Statements {
			s, err := bind(&tx.Statements[i], id, step.Op.Args)
			if err != nil {
				return nil, nil, fmt.Errorf("call %s: %w", step.Op.Path.Name, err)
			}
			list = append(list, s)
		}
		out, undone = append(out, list), append(undone, tx.Undone)
	}
	return out, undone, nil
}

// bind gives a statement its values: as parameters, or as constants where Postgres
// takes no parameters.
func bind(s *model.PathStatement, id *model.Identity, args []model.Value) (statement, error) {
	values := make([]model.Value, len(s.Params))
	for i, p := range s.Params {
		v, err := id.Value(p, args)
		if err != nil {
			return statement{}, err
		}
		values[i] = v
	}
	out := statement{text: s.Text, args: values, copy: isCopy(s.Text), bare: s.Bare}
	if s.Bare {
		out.text, out.args = sql.Bind(s.Text, values), nil
	}
	return out, nil
}

func isCopy(text string) bool {
	return len(text) > 4 && strings.EqualFold(text[:4], "copy")
}

// calls adds the statements of a call, each transaction under a savepoint of its own, so
// that an error undoes just that, and bound anew: what the one before set for itself ended
// with it. It returns the items whose answers are the output.
func (f *flow) calls(id *model.Identity, step *model.Step, k keep) ([]int, error) {
	list, undone, err := statements(id, step)
	if err != nil {
		return nil, err
	}
	var items []int
	for n, tx := range list {
		if n > 0 {
			f.who = nil
			if err := f.be(id); err != nil {
				return nil, err
			}
		}
		f.plain("SAVEPOINT s")
		for i := range tx {
			item, err := f.callStatement(id, &tx[i], k)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		if undone[n] {
			f.plain("ROLLBACK TO s")
		} else {
			checked, err := f.commits()
			if err != nil {
				return nil, err
			}
			items = append(items, checked...)
		}
		f.plain("SAVEPOINT s")
		f.wire.sync()
		f.plain("ROLLBACK TO s")
	}
	return items, nil
}

// commits adds what a commit would check now: deferred constraints. It returns the item that fails where
// they do not hold, if there is any.
func (f *flow) commits() ([]int, error) {
	if f.deferred == "" {
		return nil, nil
	}
	item, err := f.super("SET CONSTRAINTS ALL IMMEDIATE", nil, drop)
	if err != nil {
		return nil, err
	}
	if _, err := f.super("SET CONSTRAINTS "+f.deferred+" DEFERRED", nil, drop); err != nil {
		return nil, err
	}
	return []int{item}, nil
}

// callStatement adds one statement: prepared, where its text is the same for each call.
func (f *flow) callStatement(id *model.Identity, s *statement, k keep) (int, error) {
	it := item{raw: s.text, args: s.args, keep: k, whole: s.copy, look: true}
	if !s.bare {
		name, err := f.name(f.ctx, id, s.text)
		var refused *pgconn.PgError
		switch {
		case err == nil:
			it.name, it.raw = name, ""
		case !errors.As(err, &refused) && !errors.Is(err, errAborted): // else the statement itself will say
			return 0, err
		}
	}
	return f.wire.add(it), nil
}

// output collects the answers of a call.
func (w *Worker) output(items []int) *model.Output {
	out := &model.Output{}
	for _, i := range items {
		a := &w.wire.items[i].answer
		out.Notices = append(out.Notices, a.notices...)
		if a.err != nil {
			out.Err = failure(a.err)
			break
		}
		if !a.reached {
			break
		}
		out.Results = append(out.Results, model.Result{Rows: a.kept, Count: a.count})
	}
	return out
}
