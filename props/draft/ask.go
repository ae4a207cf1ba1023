package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// ask collects the questions that are of no single table.
func (d *Draft) ask(e *evidence) {
	if d.tenancy.guess {
		d.asks = append(d.asks, "is "+d.tenantText()+" the tenant? "+d.tenancy.why)
	}
	for _, text := range e.unread {
		if m := d.tenancy.member; m != nil && d.survey.mentions(text, m.table) {
			continue // the tenants of the user
		}
		if e.bound(text) {
			continue
		}
		d.asks = append(d.asks, "what does "+short(text)+" hold? It reads the session in a way that is not understood")
	}
	if list := e.unbound(d.survey); len(list) > 0 {
		d.asks = append(d.asks, "policies and functions also read "+strings.Join(list, ", ")+": what is in there?")
	}
	if d.options.Lent != "" {
		d.asks = append(d.asks, "which role does the application connect as? No role of the schema can be used, so "+d.options.Lent+" makes one")
	}
	d.hierarchy()
	d.acting()
	d.kinds()
	d.ends()
	d.selfMade(e)
	d.offered()
	d.shown()
	d.credentials()
	d.along()
	for _, schema := range d.inner {
		d.asks = append(d.asks, "schema "+schema+" holds only functions that policies call: does the API offer it to clients? Then add it to schemas:")
	}
	for _, name := range unnamed(d.cast.bypass, d.sessions) {
		d.asks = append(d.asks, name+" bypasses row security: which jobs, reports or admin pages run as it? Each is an entry under paths, as a session with login: "+name+" and sees: {\"*\": all}; where it is told for which tenant it runs, with $tenant among its args, or in its env, and sees: own")
	}
	for _, name := range d.cast.owners {
		d.asks = append(d.asks, name+" owns tables, so that row security does not hold for it without FORCE: does the application connect as it?")
	}
}

// selfMade asks about claims that policies go by though users of Supabase write them themselves.
func (d *Draft) selfMade(e *evidence) {
	if cmp.Or(d.options.Brought, d.options.Preset) != "supabase" {
		return
	}
	for _, s := range e.sources {
		if _, ok := s.selfWritten(); ok {
			d.asks = append(d.asks, s.String()+" is what users write themselves (auth.updateUser): who may rely on it? The session "+impostor+" says something else there than what is true; app_metadata is the application's own")
		}
	}
}

// mostNamed bounds the functions that one question names.
const mostNamed = 5

// offered asks about SECURITY DEFINER functions that a session without a tenant may call.
func (d *Draft) offered() {
	var names []string
	for _, p := range d.paths {
		if p.definer && slices.ContainsFunc(d.sessions, func(s *session) bool { return s.stranger && slices.Contains(p.as, s.name) }) {
			names = append(names, strings.TrimPrefix(p.name, "function "))
		}
	}
	if len(names) == 0 {
		return
	}
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", more))
	}
	d.asks = append(d.asks, fmt.Sprintf("a session without a tenant may call %s, with the owner's rights (SECURITY DEFINER): what it learns there is a finding, unless the path has a sees: that allows it. "+
		"Is it meant for such sessions? Else REVOKE EXECUTE … FROM PUBLIC", strings.Join(names, ", ")))
}

// shown asks about views that show their owner's rows to a session without a tenant.
func (d *Draft) shown() {
	for _, p := range d.paths {
		if p.owners && slices.ContainsFunc(d.sessions, func(s *session) bool { return s.stranger && slices.Contains(p.as, s.name) }) {
			p.asks = append(p.asks, fmt.Sprintf("a session without a tenant may read %s, with the rights of its owner: what it learns there is a finding, unless the path has a sees: that allows it. "+
				"Is it meant for such sessions? Else security_invoker, or REVOKE SELECT", strings.TrimPrefix(p.name, "view ")))
		}
	}
}

// hierarchy asks about tenants above tenants: the tenants' own table refers to itself.
func (d *Draft) hierarchy() {
	t := d.tenancy.home()
	if t == nil || d.tenancy.byUser || slices.ContainsFunc(d.sessions, func(s *session) bool { return s.below }) {
		return
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target != t || len(k.Columns) != 1 {
			continue
		}
		col, key := t.Columns[k.Columns[0]].Name, t.Columns[k.Targets[0]].Name
		d.asks = append(d.asks, fmt.Sprintf("tenants form a hierarchy (%s.%s): if a session of one sees those below, give it tenants: SELECT %s FROM %s WHERE %s = $tenant OR %s = $tenant",
			t.Label(), col, key, t.Label(), key, col))
	}
}

// acting asks about users whose own row may name no tenant, such as the staff of a support desk,
// where policies ask another table which tenants a user acts for.
func (d *Draft) acting() {
	u, group := d.tenancy.users, d.tenancy.tenants
	if u == nil || group == nil || u.home == nil || d.tenancy.member != nil || !d.domains.guarded(group, u) {
		return
	}
	at, m := link(u.home, group), d.domains.member(group, u)
	if at < 0 || u.home.Columns[at].NotNull || len(u.home.Key) != 1 {
		return
	}
	own, key := u.home.Columns[at].Name, sql.QuoteName(u.home.Columns[u.key].Name)
	mine := &membership{table: u.home, group: at, member: u.key}
	d.asks = append(d.asks, fmt.Sprintf("%[1]s.%[2]s may be NULL, and policies ask %[3]s for which tenants a user acts: the draft has no session of such a user. One more, with user: {table: %[4]s, where: %[5]s IS NULL} and tenants: %[6]s, "+
		"after %[4]s: {tenant: %[7]s, tenants: %[8]s}; the other one has where: %[5]s IS NOT NULL then, and tenants: %[9]s",
		u.home.Label(), own, m.table.Label(), tableName(u.home), sql.QuoteName(own), m.query(group, "$user."+key), columnName(own), m.query(group, sql.QuoteName(u.home.Name)+"."+key), mine.query(group, "$user."+key)))
}

// kinds asks about columns that tell kinds of users apart.
func (d *Draft) kinds() {
	list := []*model.Table{}
	if d.tenancy.member != nil {
		list = append(list, d.tenancy.member.table)
	}
	if u := d.tenancy.users; u != nil && u.home != nil && !slices.Contains(d.survey.Own, u.home.Schema) {
		list = append(list, u.home)
	}
	for _, t := range list {
		for i := range t.Columns {
			c := &t.Columns[i]
			values := c.Type.Enum
			for _, check := range t.Checks {
				if len(check.Values) > 0 && len(check.Columns) == 1 && check.Columns[0] == i {
					values = check.Values
				}
			}
			if len(values) > 1 && len(values) <= 12 {
				d.asks = append(d.asks, fmt.Sprintf("%s.%s tells kinds apart (%s): if their rights differ, a session for each, with user: {table: …, where: …}",
					t.Label(), c.Name, strings.Join(values, ", ")))
			}
		}
	}
}

// ends asks about columns that may say that a membership is over or has not begun, or what
// else a session or a rule goes by.
func (d *Draft) ends() {
	if m := d.tenancy.member; m != nil {
		d.endsOf(m.table, "m.", "may say that a membership does not count: if so, wherever tenants: asks %s, add AND %s")
	}
	said := map[*model.Table]bool{}
	if m := d.pairs; m != nil {
		d.endsOf(m.table, "m.", "may say that a row of %[1]s does not count: if so, wherever tenants: asks %[1]s, add AND %[2]s")
	}
	for _, one := range d.shares {
		if !said[one.table] {
			d.endsOf(one.table, "m.", "may say that what is shared no longer is: if so, wherever a rule asks %s, add AND %s")
		}
		said[one.table] = true
	}
	for _, s := range d.sessions {
		behind := slices.ContainsFunc(s.sources, func(src *Source) bool { return src.Lookup != nil && src.Lookup.Key.Table == s.user })
		if behind && !said[s.user] {
			said[s.user] = true
			d.endsOf(s.user, "$user.", "may say that a session with such a row of %s sees nothing: if so, sees: {\"*\": {may: own and %s}}")
		}
	}
}

// endsOf asks about the dates and flags of one table: may they say that its row does not count? row
// qualifies a column ("m."), what is the question, with places for the table and the condition.
func (d *Draft) endsOf(t *model.Table, row, what string) {
	for i := range t.Columns {
		c := &t.Columns[i]
		at := row + sql.QuoteName(c.Name)
		later := at + " > now()"
		if c.Type.Base == "date" {
			later = at + " >= current_date"
		}
		or := ""
		dated := c.Type.Dated()
		switch {
		case c.Default != "" || c.Generated || c.Type.Array:
			continue // as a rule when the row was made
		case dated && !c.NotNull:
			at, or = at+" IS NULL", fmt.Sprintf("(%[1]s IS NULL OR %[2]s), or %[1]s IS NOT NULL", at, later)
		case dated:
			at, or = later, at+" <= now()"
		case c.Type.Base == "bool":
			or = "NOT " + at
		default:
			continue
		}
		d.asks = append(d.asks, t.Label()+"."+c.Name+" "+fmt.Sprintf(what, t.Label(), at)+", or "+or+" in its place")
	}
}
