package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// credentialName is what columns are often called that not even their own tenant should read: a
// hint for a question, no more.
var credentialName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|private_?key|client_?secret|totp|mfa_?secret|(^|_)(secret|salt|otp)(_|$)`)

// credentials asks about columns whose names say that they hold a credential, and which sessions have
// the privilege to read.
func (d *Draft) credentials() {
	for _, p := range d.places {
		if p.how != model.Owned || p.inherits || slices.Contains(d.survey.Own, p.table.Schema) {
			continue
		}
		var columns, rest, who []string
		for i := range p.table.Columns {
			name := columnName(p.table.Columns[i].Name)
			readers := d.readers(p.table, i)
			switch {
			case len(readers) == 0:
				continue
			case !credentialName.MatchString(p.table.Columns[i].Name):
				rest = append(rest, name)
				continue
			}
			columns = append(columns, p.table.Label()+"."+p.table.Columns[i].Name)
			for _, s := range readers {
				if !slices.Contains(who, s) {
					who = append(who, s)
				}
			}
		}
		if len(columns) == 0 {
			continue
		}
		verb := "sounds"
		if len(columns) > 1 {
			verb = "sound"
		}
		p.asks = append(p.asks, fmt.Sprintf("%s %s like what nobody should read, and %s may: meant? If not, sees: {%s: {may: own, columns: %s}}",
			strings.Join(columns, ", "), verb, strings.Join(who, ", "), tableName(p.table), flowList(rest)))
	}
}

// readers is the sessions with a tenant that have the privilege to read a column.
func (d *Draft) readers(t *model.Table, column int) []string {
	var out []string
	for _, s := range d.sessions {
		may := d.survey.Schema.Privileges[s.acts]
		if !s.alien() && !s.service && may != nil && may[t.ID].Select[column] {
			out = append(out, s.name)
		}
	}
	return out
}
