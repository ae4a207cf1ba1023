package draft

import (
	"slices"
	"strings"
)

// impostor is the session of somebody who writes the claims that users write themselves.
const impostor = "impostor"

// impostor adds a session like the first one, but for what its user may have written: it
// says that it is of another tenant, or has what policies compare such claims with. Its
// rules are those of what it really is.
func (b *binder) impostor() {
	if b.preset != "supabase" || len(b.made) == 0 {
		return
	}
	like := b.made[0]
	s := &session{name: impostor, login: like.login, role: like.role, acts: like.acts, claims: &claims{}, sources: like.sources}
	b.bind(s)
	forged := false
	for _, src := range b.e.sources {
		path, ok := src.selfWritten()
		if !ok {
			continue
		}
		v := ""
		if of, tenant := strings.CutPrefix(b.variable(src, s.user), "$tenant"); tenant {
			v = "$other" + of
		} else if i := slices.IndexFunc(b.e.consts, func(c constant) bool { return c.source == src }); i >= 0 {
			v = b.e.consts[i].value
		}
		if v != "" {
			src.put(s.claims, path, v)
			forged = true
		}
	}
	if !forged {
		return
	}
	s.asks = nil
	s.notes = []string{"somebody who wrote the own " + metadata + ": it says another tenant, or another role, than is true"}
	b.rules(s)
	b.made = append(b.made, s)
}
