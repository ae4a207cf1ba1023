package postgres

import (
	"context"
	"errors"
	"fmt"
)

// defaultImage is what "auto" takes when it comes to a container.
const defaultImage = "postgres:17-alpine"

// Image says which container is wanted.
type Image struct {
	Name string
	Log  func(format string, args ...any) // never nil
	Tag  string                           // goes into the container's label: whose it is
	Over func(tag string) bool            // whether the run of a tag is known to be over
}

// Contained is a server that runs in a container.
type Contained struct {
	Host     string // where its port is mapped to
	Port     uint16
	User     string // a superuser
	Password string
	Database string       // one that is always there
	Stop     func() error // removes the container
}

// Container starts a server from an image. It is nil unless the program imports the sub-package container,
// which alone links the large library for it.
var Container func(ctx context.Context, image Image) (*Contained, error)

type contained struct {
	image string
	inner *Contained
}

func startContainer(ctx context.Context, o Options, image string) (*Server, error) {
	if Container == nil {
		return nil, fmt.Errorf("image %s: this program was built without containers (it does not import props/postgres/container)", image)
	}
	inner, err := Container(ctx, Image{Name: image, Log: o.Log, Tag: newTag().String(), Over: over})
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", image, err)
	}
	s, err := connectContained(ctx, o, &contained{image, inner})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("image %s: %w", image, err), inner.Stop())
	}
	return s, nil
}

// over is true of a run of this machine whose process is gone.
func over(comment string) bool {
	t, ok := parseTag(comment)
	return ok && t.host == newTag().host && !t.running()
}

func connectContained(ctx context.Context, o Options, c *contained) (*Server, error) {
	config, err := loginConfig(c.inner.Host, c.inner.Port, c.inner.User, c.inner.Password, c.inner.Database)
	if err != nil {
		return nil, err
	}
	conn, err := connectGiven(ctx, config)
	if err != nil {
		return nil, err
	}
	defer disconnect(conn)
	return newServer(ctx, conn, c, o.Log)
}

func (c *contained) describe() string { return "container of " + c.image }
func (c *contained) owned() bool      { return true }
func (c *contained) pid() int         { return 0 }

// revive does nothing: who runs the container starts it again, or nobody does.
func (c *contained) revive(context.Context, *Server, bool) error { return nil }

func (c *contained) stop() error { return c.inner.Stop() }
