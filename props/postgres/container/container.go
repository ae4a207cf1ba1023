package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	module "github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

func init() { postgres.Container = start }

const (
	port        = "5432/tcp"
	startWithin = 60 * time.Second
)

// ready is what the image's entrypoint makes of a server's log: once while it initialises the
// cluster, once for good.
var ready = wait.ForLog("database system is ready to accept connections").WithOccurrence(2)

// lean are settings as a private server has them: nothing in the container has to survive.
var lean = []string{
	"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c", "jit=off",
	"-c", "max_locks_per_transaction=256", "-c", "log_min_messages=log", "-c", "log_min_error_statement=panic", // its readiness is read from its log
}

func start(ctx context.Context, image postgres.Image) (_ *postgres.Contained, err error) {
	defer func() {
		// The library panics where it finds no engine at all.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("find a Docker engine: %v", cause)
		}
	}()
	quiet := log.NewNoopLogger() // the library would print a page about the engine
	log.SetDefault(quiet)
	sweep(ctx, image)
	image.Log("starting a container of %s", image.Name)
	user, password := superuser(image.Name), rand.Text()
	running, err := module.Run(ctx, image.Name,
		testcontainers.WithLogger(quiet),
		module.WithDatabase("postgres"), module.WithUsername(user), module.WithPassword(password),
		testcontainers.WithCmdArgs(lean...),
		testcontainers.WithLabels(map[string]string{label: image.Tag}),
		testcontainers.WithHostConfigModifier(loopback),
		testcontainers.WithWaitStrategyAndDeadline(startWithin, ready),
	)
	stop := func() error {
		if running == nil {
			return nil
		}
		return testcontainers.TerminateContainer(running, testcontainers.StopTimeout(time.Second))
	}
	if err != nil && strings.Contains(err.Error(), ": new reaper: ") {
		err = fmt.Errorf("%w; TESTCONTAINERS_RYUK_DISABLED=true does without the reaper and its image", err)
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	c := &postgres.Contained{User: user, Password: password, Database: "postgres", Stop: stop}
	if err = reach(ctx, running, c); err != nil {
		return nil, errors.Join(err, stop())
	}
	return c, nil
}

// superuser names the role that an image makes a superuser: Supabase's takes that from postgres.
func superuser(image string) string {
	if strings.Contains(image, "supabase/") {
		return "supabase_admin"
	}
	return "postgres"
}

// loopback keeps the server off the network. An engine on another machine is reached over the network anyhow.
func loopback(host *container.HostConfig) {
	if engineIsRemote() {
		return
	}
	host.PortBindings = network.PortMap{
		network.MustParsePort(port): {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: "0"}},
	}
}

func engineIsRemote() bool {
	provider, err := testcontainers.ProviderDocker.GetProvider()
	if err != nil {
		return false
	}
	defer provider.Close()
	docker, ok := provider.(*testcontainers.DockerProvider)
	if !ok {
		return false
	}
	host, err := docker.DaemonHost(context.Background())
	return err == nil && host != "localhost" && host != "127.0.0.1"
}

// reach finds the address at which the server answers. What the library takes for the engine's host is wrong
// where we run in a container that shares the engine's network, so loopback is tried as well.
func reach(ctx context.Context, running *module.PostgresContainer, c *postgres.Contained) error {
	mapped, err := running.MappedPort(ctx, port)
	if err != nil {
		return fmt.Errorf("find the container's port: %w", err)
	}
	c.Port = mapped.Num()
	host, err := running.Host(ctx)
	if err != nil {
		return fmt.Errorf("find the container's host: %w", err)
	}
	hosts := []string{"127.0.0.1"} // not localhost: the port may be mapped there only, not on ::1
	if host != "localhost" {
		hosts = append(hosts, host)
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		var failed []error
		for _, c.Host = range hosts {
			err := answers(ctx, c)
			if err == nil {
				return nil
			}
			failed = append(failed, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("reach the container: %w", errors.Join(failed...))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers logs in once: the password, which nobody else has, proves that it is our server.
func answers(ctx context.Context, c *postgres.Contained) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	login := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Path: c.Database, RawQuery: "sslmode=disable"}
	login.Host = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	conn, err := pgx.Connect(ctx, login.String())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
