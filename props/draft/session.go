package draft

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// session is a session of the draft.
type session struct {
	name, login, role string
	acts              string       // the role that its statements run as
	user              *model.Table // the table with its user; nil for none
	where             string       // condition for the user's row, where that follows from the role's name
	claims            *claims
	settings          []setting
	tenants           string // query of its tenants, where it may have several
	stranger          bool   // it has no tenant, and may see nothing of any
	outside           bool   // its user is in no tenant, and may see what names it
	service           bool   // it has no tenant, and may see everything
	job               bool   // it is a service that row security does not hold for
	below             bool   // its tenants are its own and those below it
	ofTenant          bool   // its role follows from the tenant
	notes, asks       []string
	sees, writes      []entry
	sources           []*Source // what sessions of its role have to bring
	kind              int       // which of the constants of a source it brings, from 0
}

// alien reports whether nothing is the session's own by a tenant.
func (s *session) alien() bool { return s.stranger || s.outside }

// setting is a setting with its text, or with the keys of the JSON that it holds.
type setting struct {
	name, text string
	keys       *claims
}

// entry is the rule of a table.
type entry struct {
	table *model.Table // nil: every table that is not named
	rule  string       // as YAML
	note  string
}

// binder makes the sessions.
type binder struct {
	survey *Survey
	d      *domains
	e      *evidence
	t      tenancy
	places []*place
	cast   cast
	preset string
	shares []share
	made   []*session

	referee *referee // tells how policies open rows to all
}

// anonymous is the role of a request without a token, where the preset fixes it.
func (b *binder) anonymous() string {
	if b.preset == "supabase" || b.preset == "postgrest" {
		return "anon"
	}
	return ""
}

// sessions makes the sessions: of each actor, of roles that follow from the tenant, the impostor,
// those without a tenant, and the jobs.
func (b *binder) sessions() {
	actors := b.cast.actors
	for _, a := range actors {
		if a.role == b.anonymous() && a.role != "" && len(actors) > 1 {
			continue
		}
		for kind, name := range b.kinds(b.begin(a, "")) {
			s := b.begin(a, a.acts())
			s.kind = kind
			b.bind(s)
			b.untold(s)
			if s.ofTenant && slices.ContainsFunc(b.made, func(o *session) bool { return o.ofTenant && b.alike(o.acts, s.acts) }) {
				break // the role of another tenant
			}
			if s.where != "" && b.named(s) >= mostNamedAlike {
				break // the role of another user
			}
			b.withheld(s)
			if kind > 0 {
				s.name += " as " + name
				s.asks = nil // as of the first
			}
			b.rules(s)
			b.made = append(b.made, s)
		}
	}
	b.tenantRoles()
	b.impostor()
	for i, a := range b.strangers() {
		name := "stranger"
		if i > 0 {
			name = "stranger as " + a.acts()
		}
		s := b.begin(a, name)
		s.stranger = true
		b.constants(s)
		b.rules(s)
		b.made = append(b.made, s)
	}
	b.jobs()
}

// mostNamedAlike is how many sessions there are of roles with the same rights of which each is one
// user's: two, since the users may be of two tenants.
const mostNamedAlike = 2

// named counts the sessions of other users' roles that have the same rights.
func (b *binder) named(s *session) int {
	n := 0
	for _, o := range b.made {
		if o.where != "" && b.alike(o.acts, s.acts) {
			n++
		}
	}
	return n
}

// begin is a session of an actor, not bound to anything yet.
func (b *binder) begin(a *actor, name string) *session {
	return &session{name: name, login: a.login, role: a.role, acts: a.acts(), claims: &claims{}, sources: b.e.read(a.acts())}
}

// strangers is the actors of which there is a session whose tenant was never set: the weakest one
// alone where claims bind sessions; all where settings do, since any job can forget to set them.
func (b *binder) strangers() []*actor {
	list := slices.DeleteFunc(slices.Clone(b.cast.actors), func(a *actor) bool { // nobody without a tenant has its role
		return slices.ContainsFunc(b.made, func(s *session) bool {
			return (s.ofTenant || s.where != "") && b.alike(s.acts, a.acts()) || (s.stranger || s.service) && s.acts == a.acts()
		})
	})
	slices.SortStableFunc(list, func(x, y *actor) int {
		if anon := b.anonymous(); anon != "" && (x.role == anon) != (y.role == anon) {
			if x.role == anon {
				return -1
			}
			return 1
		}
		return x.power - y.power
	})
	if anon := b.anonymous(); anon != "" && len(list) > 0 && list[0].role != anon {
		if of, ok := b.survey.Schema.Roles[list[0].login]; ok && slices.Contains(of.MemberOf, anon) { // requests without a token have it, though it has no privilege
			return []*actor{{login: of.Name, role: anon}}
		}
	}
	forgets := slices.ContainsFunc(b.e.sources, func(s *Source) bool {
		_, claim := s.Claim()
		return !claim && !s.Role()
	})
	if len(list) > 1 && !forgets {
		list = list[:1]
	}
	return list
}

// String names the session for people, with its login and role.
func (s *session) String() string {
	how := s.login
	if s.role != "" {
		how += ", SET ROLE " + s.role
	}
	return fmt.Sprintf("%s (%s)", s.name, how)
}
