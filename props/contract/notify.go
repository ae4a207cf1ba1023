package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// notified adds, for each channel on which something of the schema or the contract notifies, the
// sessions' listening to it. No privilege is asked for that, and no policy stops what is sent (manual:
// NOTIFY): whoever may connect to the database receives it.
func (r *resolver) notified() {
	n := r.notifiers()
	r.contract.Unheard = n.unheard()
	for _, name := range n.channels() {
		p := &model.Path{
			Name: "notifications on " + name, Kind: "query", Leaky: true, Channel: n.channel(name),
			SQL: []model.Transaction{
				{Statements: []model.PathStatement{{Text: "LISTEN " + model.Quote(name), Bare: true}}},
				{Statements: []model.PathStatement{{Text: "SELECT pg_catalog.pg_listening_channels()", Bare: true}}},
			},
		}
		if len(p.Channel.Fired)+len(p.Channel.Paths) == 0 { // nobody comes to what notifies
			continue
		}
		for _, s := range r.contract.Sessions {
			r.use(p, s, nil)
		}
		r.add(p)
	}
}

// notifiers is what may notify.
type notifiers struct {
	schema *model.Schema
	paths  []*model.Path            // that write
	texts  map[string]string        // by the name of a function, a view or a table: what runs when it is used
	known  map[string][]sql.Channel // by text
}

func (r *resolver) notifiers() *notifiers {
	n := &notifiers{schema: r.schema, texts: map[string]string{}, known: map[string][]sql.Channel{}}
	for _, m := range slices.Concat(r.schema.Routines, r.schema.Helpers) {
		n.texts[m.Name] += m.Source + "\n"
	}
	for _, t := range r.schema.Tables {
		n.texts[t.Name] += fires(t.Triggers, t.Name)
	}
	for _, v := range r.schema.Views {
		n.texts[v.Name] += v.Definition + "\n" + fires(v.Triggers, v.Name)
	}
	for _, p := range r.contract.Paths {
		if r.writing(p) {
			n.paths = append(n.paths, p)
		}
	}
	return n
}

// fires is what triggers and rules say.
func fires(list []model.Trigger, on string) string {
	var b strings.Builder
	for i := range list {
		if !list[i].Replica {
			b.WriteString(body(&list[i], on) + "\n")
		}
	}
	return b.String()
}

// tableName is what PL/pgSQL calls the table at which a trigger fires.
const tableName = "tg_table_name"

// body is the text of a trigger's function, with the name of its table in the place of TG_TABLE_NAME.
func body(tr *model.Trigger, on string) string {
	var b strings.Builder
	last := 0
	for _, t := range sql.Tokens(tr.Body) {
		if t.Kind == sql.Word && strings.EqualFold(t.Text, tableName) {
			b.WriteString(tr.Body[last:t.Start] + "'" + strings.ReplaceAll(on, "'", "''") + "'")
			last = t.End
		}
	}
	return b.String() + tr.Body[last:]
}

// writing reports whether a path may write or notify, other than by a plain statement over a table,
// and can be called at will.
func (r *resolver) writing(p *model.Path) bool {
	switch {
	case p.Untried != "" || p.Leaky || p.Table != nil || p.Really():
		return false
	case p.View != nil:
		return p.SQL != nil
	case p.Routine != nil:
		return p.Routine.Volatile
	}
	return slices.ContainsFunc(p.Run, func(text string) bool {
		return !sql.Queries(text) || len(sql.Channels(text)) > 0 || slices.ContainsFunc(r.schema.Routines, func(m *model.Routine) bool { return m.Volatile && sql.Mentions(text, m.Name) })
	})
}

// runs is what a path runs.
func (n *notifiers) runs(p *model.Path) string {
	switch {
	case p.View != nil:
		return p.SQL[0].Statements[0].Text
	case p.Routine != nil:
		return model.Quote(p.Routine.Name)
	}
	return strings.Join(p.Run, ";\n")
}

// said lists the channels on which a text notifies.
func (n *notifiers) said(text string) []sql.Channel {
	out, known := n.known[text]
	if !known {
		out = sql.Channels(text)
		n.known[text] = out
	}
	return out
}

// channels lists the names of the channels, in order.
func (n *notifiers) channels() []string {
	var out []string
	add := func(text string) {
		for _, c := range n.said(text) {
			if c.Name != "" {
				out = append(out, c.Name)
			}
		}
	}
	for _, text := range n.texts {
		add(text)
	}
	for _, p := range n.paths {
		add(n.runs(p))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unheard names what notifies on channels whose names are put together: nobody knows where to listen.
func (n *notifiers) unheard() []string {
	var out []string
	add := func(name, text string) {
		if slices.ContainsFunc(n.said(text), func(c sql.Channel) bool { return c.Name == "" && !strings.EqualFold(c.Text, tableName) }) {
			out = append(out, name)
		}
	}
	for _, m := range slices.Concat(n.schema.Routines, n.schema.Helpers) {
		add("function "+m.Label(), m.Source)
	}
	fired := func(list []model.Trigger, on string) {
		for i := range list {
			add(list[i].Kind()+" "+list[i].Name+" on "+on, list[i].Body)
		}
	}
	for _, t := range n.schema.Tables {
		fired(t.Triggers, t.Label())
	}
	for _, v := range n.schema.Views {
		fired(v.Triggers, v.Label())
	}
	for _, p := range n.paths {
		add(p.Name, strings.Join(p.Run, ";\n"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// channel finds out what notifies on a channel.
func (n *notifiers) channel(name string) *model.Channel {
	says := func(text string) bool {
		return slices.ContainsFunc(n.said(text), func(c sql.Channel) bool { return c.Name == name })
	}
	marked := map[string]bool{}
	for of, text := range n.texts {
		marked[of] = says(text)
	}
	spread(n.texts, marked)
	notifies := func(text string) bool { return says(text) || reaches(text, n.texts, marked) }
	out := &model.Channel{Name: name}
	for _, t := range n.schema.Tables {
		for i := range t.Triggers {
			if tr := &t.Triggers[i]; !tr.Replica && t.Parent == "" && notifies(body(tr, t.Name)) {
				out.Fired = append(out.Fired, model.Notifier{Table: t, Trigger: tr})
			}
		}
	}
	for _, p := range n.paths {
		if notifies(n.runs(p)) {
			out.Paths = append(out.Paths, p)
		}
	}
	return out
}
