package postgres

import (
	"context"
	"errors"
	"time"
)

// ErrEnded says that a private server ended, and that nobody asked to start it again.
var ErrEnded = errors.New("the private server ended")

// Revive makes sure that the server answers: it returns nil if it does. With start, a
// private server that died is started again, on its data as they were. What was lost with
// the server, such as connections, is the caller's to make anew.
func (s *Server) Revive(ctx context.Context, start bool) error {
	s.reviving.Lock() // whoever waits finds it alive
	defer s.reviving.Unlock()
	if s.isClosed() {
		return errors.New("the server was closed")
	}
	if err := s.where.revive(ctx, s, start); err != nil {
		return err
	}
	return s.ping(ctx)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// answerWithin bounds how long a living server takes to answer.
const answerWithin = 2 * time.Second

func (s *Server) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conn, err := s.Connect(ctx, "", "")
	if err != nil {
		return err
	}
	defer disconnect(conn)
	_, err = conn.Exec(ctx, "SELECT 1")
	return err
}

// revive starts the postmaster again if it ended.
func (c *cluster) revive(ctx context.Context, _ *Server, start bool) error {
	c.mu.Lock()
	exited := c.exited
	c.mu.Unlock()
	select {
	case <-exited:
	default:
		return nil // it recovers by itself
	}
	if !start {
		return ErrEnded
	}
	conn, err := c.try(ctx, c.from, c.as, append(settings(c.dir, c.from.major, c.workers), silent...), nil)
	if err != nil {
		return err
	}
	disconnect(conn)
	return nil
}

// revive marks this run as alive again.
func (g *given) revive(ctx context.Context, s *Server, _ bool) error {
	if !g.keeper.IsClosed() {
		quick, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		if _, err := g.keeper.Exec(quick, "SELECT 1"); err == nil {
			return nil
		}
		disconnect(g.keeper)
	}
	keeper, err := keep(ctx, s)
	if err == nil {
		g.keeper = keeper
	}
	return err
}
