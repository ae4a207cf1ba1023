package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// addressed is the condition that a row names the session's user by a text, such as the e-mail
// address that an invitation goes to: in a text column that a policy compares with a value of the
// user that the session brings. It is empty where the table has no such column.
func (b *binder) addressed(s *session, p *place) string {
	for _, q := range b.e.equal {
		if q.table != p.table || q.column.Table != p.table || q.column.isPart() || q.op != "=" || q.source.Role() || q.source.Lookup != nil || p.table == s.user {
			continue
		}
		c := &p.table.Columns[q.column.Column]
		if !slices.Contains([]string{"text", "varchar", "citext"}, c.Type.Base) || c.Type.Array {
			continue
		}
		v := b.variable(q.source, s.user)
		if v == "" {
			v = b.likeNamed(q.source, s.user)
		}
		if !strings.HasPrefix(v, "$user.") {
			continue
		}
		name := sql.QuoteName(c.Name)
		if slices.ContainsFunc(p.table.Policies, func(o model.Policy) bool { return strings.Contains(strings.ToLower(o.Using), "lower(") }) {
			return "lower(" + name + ") = lower(" + v + ")"
		}
		return name + " = " + v
	}
	return ""
}
