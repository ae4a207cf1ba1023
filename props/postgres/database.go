package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// CreateDatabase makes a database from a template ("" means template0) and returns its name, which
// no other run uses. Nobody may be connected to the template meanwhile. On a given server the
// database bears a comment by which Clean recognises it; Close drops it.
func (s *Server) CreateDatabase(ctx context.Context, template string) (string, error) {
	conn, err := s.Connect(ctx, "", "")
	if err != nil {
		return "", err
	}
	defer disconnect(conn)
	s.mu.Lock()
	s.count++
	name := s.tag.databases() + strconv.Itoa(s.count)
	s.databases[name] = true
	s.mu.Unlock()
	if _, err := conn.Exec(ctx, s.createStatement(name, template)); err != nil {
		s.forgetUnlessThere(conn, name)
		return "", fmt.Errorf("create database %q from %q: %w", name, template, err)
	}
	comment := "COMMENT ON DATABASE " + quoted(name) + " IS " + literal(s.tag.String())
	if _, err := conn.Exec(ctx, comment); err != nil {
		return "", errors.Join(fmt.Errorf("tag database %q: %w", name, err), s.DropDatabase(context.WithoutCancel(ctx), name))
	}
	return name, nil
}

func (s *Server) createStatement(name, template string) string {
	statement := "CREATE DATABASE " + quoted(name)
	if template == "" {
		template = "template0"
		if s.recode {
			statement += " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
		}
	}
	statement += " TEMPLATE " + quoted(template)
	if s.lazy {
		statement += " STRATEGY file_copy"
	}
	return statement
}

// forgetUnlessThere keeps a name for Close if the statement failed on our side only, after the
// server had made the database (a cancelled context).
func (s *Server) forgetUnlessThere(conn *pgx.Conn, name string) {
	if conn.IsClosed() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.databases, name)
}

// DropDatabase drops a database that CreateDatabase made, with whoever is connected to it. It refuses any other.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	s.mu.Lock()
	ours := s.databases[name]
	s.mu.Unlock()
	if !ours {
		return fmt.Errorf("drop database %q: it was not made here", name)
	}
	conn, err := s.Connect(ctx, "", "")
	if err != nil {
		return err
	}
	defer disconnect(conn)
	return s.drop(ctx, conn, name)
}

func (s *Server) drop(ctx context.Context, conn *pgx.Conn, name string) error {
	if err := dropDatabase(ctx, conn, name); err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.databases, name)
	s.mu.Unlock()
	return nil
}

func dropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	// A database that a killed run had marked as a template could not be dropped otherwise.
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quoted(name)+" IS_TEMPLATE false")
	if err == nil || sqlState(err) == "3D000" {
		_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quoted(name)+" WITH (FORCE)")
	}
	if err != nil {
		return fmt.Errorf("drop database %q: %w", name, err)
	}
	return nil
}

// RoleTag is the comment that marks a role as made by this Server. Who creates a role on a server that
// is not Owned sets it in the same transaction, and calls TrackRole.
func (s *Server) RoleTag() string { return s.tag.String() }

// TrackRole remembers a role that was made for this Server; Close drops it on a given server. Call it
// once the role is committed, never for a role that existed before: the role is tagged
// with a comment (RoleTag) so that Clean recognises it.
func (s *Server) TrackRole(name string) {
	s.mu.Lock()
	s.roles = append(s.roles, name)
	s.mu.Unlock()
	if s.Owned() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.tagRole(ctx, name); err != nil {
		s.log("role %q bears no tag, `rlsfuzz clean` would not find it: %v", name, err)
	}
}

func (s *Server) tagRole(ctx context.Context, name string) error {
	conn, err := s.Connect(ctx, "", "")
	if err != nil {
		return err
	}
	defer disconnect(conn)
	_, err = conn.Exec(ctx, "COMMENT ON ROLE "+quoted(name)+" IS "+literal(s.tag.String()))
	return err
}

// dropMade drops what this Server made on a given server, as far as it can.
func (s *Server) dropMade() error {
	s.mu.Lock()
	var names []string
	for name := range s.databases {
		names = append(names, name)
	}
	roles := s.roles
	s.roles = nil
	s.mu.Unlock()
	if len(names) == 0 && len(roles) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := s.Connect(ctx, "", "")
	if err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	defer disconnect(conn)
	var failed []error
	for _, name := range names {
		failed = append(failed, s.drop(ctx, conn, name))
	}
	_, err = dropRoles(ctx, conn, roles)
	return errors.Join(append(failed, err)...)
}

// dropRoles drops roles that may depend on each other, and returns the names of those that are gone.
func dropRoles(ctx context.Context, conn *pgx.Conn, names []string) (gone []string, err error) {
	left := names
	for len(left) > 0 {
		var failed []error
		var next []string
		for _, name := range left {
			if _, err := conn.Exec(ctx, "DROP ROLE IF EXISTS "+quoted(name)); err != nil {
				failed = append(failed, fmt.Errorf("drop role %q: %w", name, err))
				next = append(next, name)
				continue
			}
			gone = append(gone, name)
		}
		if len(next) == len(left) {
			return gone, errors.Join(failed...)
		}
		left = next
	}
	return gone, nil
}

// disconnect closes a connection without waiting for long.
func disconnect(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is gone either way
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a string where no parameter can stand (COMMENT).
func literal(text string) string {
	return "E'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", `\'`) + "'"
}
