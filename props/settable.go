package props

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// bindable makes the settings of each session: what Postgres refuses is a mistake of the
// contract. Where a value follows from a tenant or a user, only the setting's name is tried;
// unbound tells which value was refused, once there are some.
func (t *Target) bindable(ctx context.Context, conn *pgx.Conn) error {
	for _, s := range t.Contract.Sessions {
		id := &model.Identity{Session: s, Tenant: model.Value{Null: true}, User: model.Value{Null: true}}
		id.Login, id.Role = t.someRole(s.Login, true), t.someRole(s.Role, false)
		refused, by, err := t.refusedSetting(ctx, conn, id)
		if err != nil {
			return err
		}
		if refused != nil {
			return t.File.RefusedSetting(refused, insteadOf(refused, id, by), refusedBy(by))
		}
	}
	return nil
}

// someRole is a role's name; where it follows from the tenant, one of them. Empty: none is known.
func (t *Target) someRole(n model.Name, login bool) string {
	if !n.Follows() {
		return n.Text
	}
	for _, name := range t.Contract.TenantRoles(n, login) {
		return name
	}
	return ""
}

// unbound names the setting, at its place in the contract, for which an identity could not be
// made. Where each by itself can be made, the error stays.
func (t *Target) unbound(ctx context.Context, failed *run.BindError) error {
	conn, err := t.Server.Connect(ctx, t.template, "")
	if err != nil {
		return errors.Join(failed, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	refused, by, err := t.refusedSetting(ctx, conn, failed.ID)
	if err != nil {
		return errors.Join(failed, err)
	}
	if refused == nil {
		return failed
	}
	return t.File.RefusedSetting(refused, insteadOf(refused, failed.ID, by),
		fmt.Sprintf("for %s %s", failed.ID.Label(), refusedBy(by)))
}

// refusedSetting is the first of an identity's settings that Postgres refuses, as its login
// would hear it; nil where it takes all. Those that follow from a tenant or a user that the identity
// lacks get the value that they have already.
func (t *Target) refusedSetting(ctx context.Context, conn *pgx.Conn, id *model.Identity) (*model.Setting, *pgconn.PgError, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, who := range [][2]string{{"session_authorization", id.Login}, {"role", id.Role}} {
		if who[1] == "" {
			continue
		}
		if _, err := tx.Exec(ctx, setConfig, who[0], who[1]); err != nil {
			return nil, nil, fmt.Errorf("act as %s: %w", who[1], err)
		}
	}
	for i := range id.Session.Settings {
		s := &id.Session.Settings[i]
		text, args := setConfig, []any{s.Name}
		if id.Unset() && s.Follows() {
			text = "SELECT set_config($1, coalesce(current_setting($1, true), ''), true)"
		} else {
			args = append(args, id.Setting(s))
		}
		_, err := tx.Exec(ctx, text, args...)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && postgres.TroubleOf(err) == "" {
			return s, refused, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, nil
}

// setConfig makes a setting for the rest of a transaction.
const setConfig = "SELECT set_config($1, $2, true)"

// insteadOf says what the contract could say in place of a setting that Postgres refuses.
func insteadOf(s *model.Setting, id *model.Identity, by *pgconn.PgError) string {
	switch {
	case by.Code == "42704":
		return "one of Postgres' settings, or a name with a dot, such as app." + s.Name
	case by.Code == model.InsufficientPrivilege:
		return fmt.Sprintf("a setting that role %s may make: what the schema's own ALTER ROLE … SET gives it needs no entry here", id.Acts())
	case by.Code == "55P02":
		return "a setting that a session may change"
	case s.Follows():
		return "a value that Postgres takes for each tenant and user: a CHECK constraint on the column tells rlsfuzz which there are"
	}
	return "a value that Postgres takes"
}
