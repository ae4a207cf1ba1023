package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func (r *reader) readPolicies(ctx context.Context, _ Options) error {
	type policy struct {
		Table        uint32
		Name         string
		Command      string
		Permissive   bool
		Roles        []string
		Using, Check string
	}
	found, err := query[policy](ctx, r, `
SELECT p.polrelid, p.polname::text,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
       p.polpermissive,
       ARRAY(SELECT CASE u.oid WHEN 0 THEN 'public' ELSE pg_get_userbyid(u.oid)::text END
             FROM unnest(p.polroles) u (oid) ORDER BY 1),
       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
FROM pg_policy p WHERE p.polrelid = ANY ($1::oid[])
ORDER BY p.polrelid, p.polname::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		t := r.tables[f.Table]
		t.Policies = append(t.Policies, model.Policy{
			Name: f.Name, Command: f.Command, Permissive: f.Permissive, Roles: f.Roles,
			Using: f.Using, Check: f.Check,
		})
	}
	return nil
}

func (r *reader) readTriggers(ctx context.Context, _ Options) error {
	return r.eachTrigger(ctx, r.oids, func(of uint32, tr model.Trigger) {
		t := r.tables[of]
		t.Triggers = append(t.Triggers, tr)
	})
}

// eachTrigger reads the triggers of some tables or views, and their rules but those that make
// the views.
func (r *reader) eachTrigger(ctx context.Context, oids string, see func(of uint32, tr model.Trigger)) error {
	type trigger struct {
		Of      uint32
		Name    string
		Rule    bool
		Always  bool
		Replica bool
		Definer bool
		Schema  string
		Calls   string
		Insert  bool
		Update  bool
		Delete  bool
		Body    string
	}
	found, err := query[trigger](ctx, r, `
SELECT * FROM (
SELECT t.tgrelid AS of, t.tgname::text AS name, false AS rule, t.tgenabled = 'A', t.tgenabled = 'R', p.prosecdef, (SELECT n.nspname::text FROM pg_namespace n WHERE n.oid = p.pronamespace), p.proname::text,
  t.tgtype & 4 <> 0, t.tgtype & 16 <> 0, t.tgtype & 8 <> 0, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
UNION ALL
SELECT w.ev_class, w.rulename::text, true, w.ev_enabled = 'A', w.ev_enabled = 'R', true, '', '',
  w.ev_type = '3', w.ev_type = '2', w.ev_type = '4', pg_get_ruledef(w.oid) FROM pg_rewrite w
WHERE w.ev_class = ANY ($1::oid[]) AND w.ev_type <> '1' AND w.ev_enabled <> 'D'
) x ORDER BY x.of, x.rule, x.name COLLATE "C"`, oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		function := ""
		if !f.Rule {
			function = model.Label(f.Schema, f.Calls)
		}
		see(f.Of, model.Trigger{
			Name: f.Name, Rule: f.Rule, Always: f.Always, Replica: f.Replica, Definer: f.Definer, Function: function,
			On: model.ViewWrite{Insert: f.Insert, Update: f.Update, Delete: f.Delete}, Body: f.Body,
		})
	}
	return nil
}
