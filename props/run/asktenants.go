package run

import (
	"context"
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// tenantsText is the statement that lists the tenants of a session of several.
func tenantsText(s *model.Session) string {
	return "SELECT own.tenant::text FROM (" + s.TenantsSQL + ") AS own (tenant) WHERE own.tenant IS NOT NULL"
}

// tenants has Postgres list the tenants of a session of which Go does not know them; -1 for others.
func (f *flow) tenants(id *model.Identity) (int, error) {
	if !id.Session.AsksTenants() {
		return -1, nil
	}
	if err := f.be(nil); err != nil {
		return -1, err
	}
	return f.super(tenantsText(id.Session), id.TenantsArgs(), rows)
}

// tenants reads what flow.tenants asked. They are not known where Postgres did not come to it.
func (w *Worker) tenants(id *model.Identity, at int) ([]string, error) {
	if at < 0 {
		return nil, nil
	}
	a := &w.wire.items[at].answer
	if a.err != nil && a.err.Code != failedBefore {
		return nil, fmt.Errorf("the tenants of session %s: %s", id.Session.Name, a.err.Message)
	}
	if !a.reached || a.err != nil {
		return nil, nil
	}
	return texts(a.kept), nil
}

// tenants lists the tenants of a session of which Go does not know them.
func (m *Committer) tenants(ctx context.Context, id *model.Identity) ([]string, error) {
	if !id.Session.AsksTenants() {
		return nil, nil
	}
	kept, _, err := m.super.exec(ctx, tenantsText(id.Session), id.TenantsArgs())
	if err != nil {
		return nil, fmt.Errorf("the tenants of session %s: %w", id.Session.Name, err)
	}
	return texts(kept), nil
}

// texts is the first column of some rows.
func texts(list []model.Row) []string {
	out := make([]string, len(list))
	for i, row := range list {
		out[i] = row[0].Text
	}
	return out
}
