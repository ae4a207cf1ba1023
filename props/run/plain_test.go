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
// each row, TRUNCATE between checks. It observes as often as a check does, and the
// same tables and columns: at the end of each, once as the superuser and once as each
// identity that acted, with a SELECT for each table. Where a query's rows cannot be
// told but by Postgres, it runs it over copies as well.
type plain struct {
	worker   *run.Worker // for its statements alone
	conn     *pgx.Conn
	contract *model.Contract
	order    []*model.Table
	inserts  []string // by Table.ID
	truncate string
	looks    int // observations so far
}

func (c *course) newPlain(b *testing.B, dial dialer) {
	conn, err := dial(func(n net.Conn) net.Conn { return n })(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	p := &plain{worker: c.worker, conn: conn, contract: c.target.Contract}
	p.order, _ = p.contract.Schema.LoadOrder()
	p.inserts = make([]string, len(p.order))
	var names []string
	for _, t := range p.order {
		p.inserts[t.ID] = insert(t)
		if len(t.Seed) == 0 {
			names = append(names, t.SQL())
		}
	}
	p.truncate = "TRUNCATE " + strings.Join(names, ", ")
	c.plain = p
}

// insert is INSERT INTO t (…) VALUES ($1, …).
func insert(t *model.Table) string {
	var names, values []string
	for i := range t.Columns {
		if !t.Columns[i].Generated {
			names = append(names, model.Quote(t.Columns[i].Name))
			values = append(values, fmt.Sprintf("$%d", len(names)))
		}
	}
	return "INSERT INTO " + t.SQL() + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

func insertArgs(t *model.Table, row model.Row) []model.Value {
	var args []model.Value
	for i := range t.Columns {
		if !t.Columns[i].Generated {
			args = append(args, row[i])
		}
	}
	return args
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

// must runs statements without arguments that may not fail.
func (p *plain) must(b *testing.B, texts ...string) {
	for _, text := range texts {
		if err := p.exec(text, nil); err != nil {
			b.Fatal(text, err)
		}
	}
}

func (p *plain) check(b *testing.B, d *gen.Dataset, sequences [][]model.Step) {
	for _, steps := range sequences {
		p.must(b, "BEGIN")
		for _, t := range p.order {
			for _, row := range d.Data[t.ID] {
				if err := p.exec(p.inserts[t.ID], insertArgs(t, row)); err != nil {
					b.Fatal(err)
				}
			}
		}
		p.must(b, "COMMIT")
		var actors []*model.Identity
		for i := range steps {
			id := p.actor(b, &actors, d, &steps[i])
			p.within(b, id, &steps[i].Op)
		}
		p.observe(b, actors)
		p.must(b, p.truncate)
	}
}

// actor is the identity of a step, bound once for each sequence.
func (p *plain) actor(b *testing.B, actors *[]*model.Identity, d *gen.Dataset, s *model.Step) *model.Identity {
	for _, id := range *actors {
		if id.Session == s.Session && id.Tenant == s.Tenant && id.User == s.User {
			return id
		}
	}
	id, ok := p.contract.Bind(s.Session, s.Tenant, s.User, d.State)
	if !ok {
		b.Fatal("no identity")
	}
	*actors = append(*actors, id)
	return id
}

// observe reads everything at the end of a check.
func (p *plain) observe(b *testing.B, actors []*model.Identity) {
	for i, id := range actors {
		_, _, everything, look, _ := p.worker.Texts(id)
		if i == 0 {
			p.must(b, strings.Split(everything, " UNION ALL ")...)
			p.looks++
		}
		if look == "" {
			continue
		}
		p.must(b, "BEGIN")
		p.be(b, id)
		p.must(b, strings.Split(look, " UNION ALL ")...)
		p.must(b, "ROLLBACK")
		p.looks++
	}
}

func (p *plain) be(b *testing.B, id *model.Identity) {
	_, ctx, _, _, args := p.worker.Texts(id)
	if err := p.exec(ctx, args); err != nil {
		b.Fatal(err)
	}
}

// within runs an operation in its own transaction; an error ends it.
func (p *plain) within(b *testing.B, id *model.Identity, op *model.Op) {
	p.must(b, "BEGIN")
	p.be(b, id)
	err := p.exec(op.Shape.Text, op.Args)
	if err == nil && op.Shape.Form == model.Cursor {
		p.must(b, "FETCH ALL FROM rlsfuzz_c", "CLOSE rlsfuzz_c")
	}
	if err != nil {
		p.must(b, "ROLLBACK")
		return
	}
	p.must(b, "COMMIT")
	p.copies(b, id, op)
}

// copies runs the operation's query over copies of the rows that the rules allow.
func (p *plain) copies(b *testing.B, id *model.Identity, op *model.Op) {
	texts, args := run.CopyTexts(id, op)
	if len(texts) == 0 {
		return
	}
	p.must(b, "BEGIN")
	for i := range texts {
		if err := p.exec(texts[i], args[i]); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.exec(op.Shape.CopyText, op.Args); err != nil {
		b.Fatal(err)
	}
	p.must(b, "ROLLBACK")
}
