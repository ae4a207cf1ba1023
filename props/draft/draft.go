package draft

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Options is what is known of a draft beside the schema.
type Options struct {
	Files    []string // of schema:, as the contract will write them
	Database string   // connection string, instead of files; without a password
	Preset   string
	Brought  string // the preset that the surroundings in a copied database are like; empty: none
	Lent     string // the file that Login was written to; empty: the schema has a login
}

// Draft is a contract as structure suggests it, with what a person must review.
type Draft struct {
	options  Options
	survey   *Survey
	domains  *domains
	tenancy  tenancy
	cast     cast
	places   []*place
	sessions []*session
	paths    []*path
	secrets  []secret
	shares   []share
	pairs    *membership      // the tenants below each tenant, where nothing says which of its rows count; nil else
	inner    []string         // schemas that clients of the preset's API do not reach
	asks     []string         // questions about the schema as a whole
	dropped  map[*path]string // paths that Mend took back, and why
	lines    []any            // by line of the contract: the *place or *path that it is about, or nil
}

// Make drafts a contract. The connection leads to a scratch database with the schema; it
// is asked what expressions answer, in transactions that are rolled back.
func Make(ctx context.Context, conn *pgx.Conn, s *Survey, o Options) (*Draft, error) {
	p := newProbe(ctx, conn, s)
	e := &evidence{survey: s, probe: p}
	e.collect()
	if p.err != nil {
		return nil, fmt.Errorf("ask what policies read: %w", p.err)
	}
	d := newDomains(s, e)
	out := &Draft{options: o, survey: s, domains: d, tenancy: d.tenancy(), cast: s.roles(), dropped: map[*path]string{}}
	out.tenancy.cast = e.castOf(out.tenancy.tenants)
	shares := d.shares(out.tenancy)
	out.shares = shares
	check := &referee{survey: s, e: e, d: d, t: out.tenancy, cast: out.cast}
	placing := &placer{survey: s, d: d, e: e, t: out.tenancy, cast: out.cast, shares: shares, referee: check}
	placing.place()
	out.places = placing.places
	b := &binder{survey: s, d: d, e: e, t: out.tenancy, places: out.places, cast: out.cast, preset: cmp.Or(o.Brought, o.Preset), shares: shares, referee: check}
	b.sessions()
	if b.anonymous() != "" {
		out.inner = s.inner()
	}
	if m := b.pairs(); m != nil && len(b.counts(m)) == 0 && slices.ContainsFunc(b.made, func(s *session) bool { return s.below }) {
		out.pairs = m
	}
	out.sessions, out.paths = b.made, b.paths(out.inner)
	for _, one := range out.places {
		check.differs(one)
	}
	var asked []Column
	out.secrets, asked = s.secrets(d, out.paths)
	for _, c := range asked {
		if out.places[c.Table.ID].how != model.Owned {
			continue // it hides nothing
		}
		out.asks = append(out.asks, c.String()+" is unique: does who presents it get in? Then it is one of secrets:")
	}
	out.ask(e)
	return out, nil
}

// Lonely names the roles that sessions would act as, and reports whether no role with LOGIN can
// act as them: then Login makes one.
func (s *Survey) Lonely() ([]string, bool) {
	c := s.roles()
	var out []string
	for _, a := range c.actors {
		out = append(out, a.acts())
	}
	return out, c.lonely || len(c.actors) == 0
}

// tenantText names the tenant for people.
func (d *Draft) tenantText() string {
	if t := d.tenancy.home(); t != nil {
		return t.Label() + "." + t.Columns[d.tenancy.tenants.key].Name
	}
	if m := d.tenancy.tenants; m != nil {
		return "a value of type " + d.tenancy.typeName() + ", as in " + m.columns[0].String()
	}
	return "a text"
}
