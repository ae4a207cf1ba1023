package run_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// plain runs checks as a straightforward test would: a round trip for each
// statement, prepared on first use, a transaction for each operation, one INSERT for
// each row, TRUNCATE between checks. It observes as often as a check does: at the
// end, the superuser and each identity.
type plain struct {
	target interface {
		texts(id *model.Identity) (super, context, everything, look string, args []model.Value)
	}
	conn     *pgx.Conn
	contract *model.Contract
	order    []*model.Table
	truncate string
}

type workerTexts struct{ *run.Worker }

func (w workerTexts) texts(id *model.Identity) (super, context, everything, look string, args []model.Value) {
	return w.Texts(id)
}

func (c *course) newPlain(b *testing.B, dial func(func(net.Conn) net.Conn) func(context.Context) (*pgx.Conn, error)) {
	conn, err := dial(func(n net.Conn) net.Conn { return n })(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	p := &plain{target: workerTexts{c.worker}, conn: conn, contract: c.target.Contract}
	p.order, _ = p.contract.Schema.LoadOrder()
	var names []string
	for _, t := range p.order {
		if len(t.Seed) == 0 {
			names = append(names, t.SQL())
		}
	}
	p.truncate = "TRUNCATE " + strings.Join(names, ", ")
	c.plain = p
}

// exec is one round trip, with the statement prepared on first use.
func (p *plain) exec(text string, args []model.Value) error {
	ctx := context.Background()
	d, err := p.conn.Prepare(ctx, text, text)
	if err != nil {
		return err
	}
	params := make([][]byte, len(args))
	for i, a := range args {
		if !a.Null {
			params[i] = append([]byte{}, a.Text...)
		}
	}
	r := p.conn.PgConn().ExecPrepared(ctx, d.Name, params, nil, nil).Read()
	return r.Err
}

func (p *plain) check(b *testing.B, d *gen.Dataset, sequences [][]model.Step) {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, steps := range sequences {
		must(p.exec("BEGIN", nil))
		for _, t := range p.order {
			for _, row := range d.Data[t.ID] {
				must(p.exec(run.LoadText(t), run.LoadArgs(t, []model.Row{row})))
			}
		}
		must(p.exec("COMMIT", nil))
		actors := map[string]*model.Identity{}
		for i := range steps {
			s := &steps[i]
			id, ok := p.contract.Bind(s.Session, s.Tenant, s.User, d.State)
			if !ok {
				b.Fatal("no identity")
			}
			actors[fmt.Sprint(s.Session.ID, s.Tenant, s.User)] = id
			p.within(b, id, s.Op.Shape, s.Op.Args)
		}
		for _, id := range actors {
			_, _, everything, look, _ := p.target.texts(id)
			must(p.exec(everything, nil))
			must(p.exec("BEGIN", nil))
			p.be(b, id)
			must(p.exec(look, nil))
			must(p.exec("ROLLBACK", nil))
		}
		must(p.exec(p.truncate, nil))
	}
}

func (p *plain) be(b *testing.B, id *model.Identity) {
	_, ctx, _, _, args := p.target.texts(id)
	if err := p.exec(ctx, args); err != nil {
		b.Fatal(err)
	}
}

// within runs an operation in its own transaction; an error ends it.
func (p *plain) within(b *testing.B, id *model.Identity, s *model.Shape, args []model.Value) {
	if err := p.exec("BEGIN", nil); err != nil {
		b.Fatal(err)
	}
	p.be(b, id)
	end := "COMMIT"
	if err := p.exec(s.Text, args); err != nil {
		end = "ROLLBACK"
	}
	if err := p.exec(end, nil); err != nil {
		b.Fatal(err)
	}
}
