package draft

import (
	"slices"
	"strings"
)

// impostor is the name of the session of somebody who wrote what is not true into the claims that
// users of Supabase write themselves.
const impostor = "impostor"

// impostor adds a session like the first one, whose user wrote into such claims another tenant, or
// whatever constant policies compare them with. Its rules are those of the tenant that it really
// is of, so that believing the claims is a leak.
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
