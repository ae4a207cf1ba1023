package container

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	module "github.com/testcontainers/testcontainers-go/modules/postgres"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

func init() { postgres.Container = start }

const port = "5432/tcp"

// lean are settings as a private server has them: nothing in the container has to survive.
var lean = []string{
	"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c", "jit=off",
	"-c", "max_locks_per_transaction=256", "-c", "log_min_messages=log", "-c", "log_min_error_statement=panic", // its readiness is read from its log
}

func start(ctx context.Context, image string, say func(string, ...any)) (_ *postgres.Contained, err error) {
	defer func() {
		// The library panics where it finds no engine at all.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("find a Docker engine: %v", cause)
		}
	}()
	say("starting a container of %s", image)
	user, password := superuser(image), rand.Text()
	quiet := log.NewNoopLogger()
	log.SetDefault(quiet)
	running, err := module.Run(ctx, image,
		testcontainers.WithLogger(quiet),
		module.WithDatabase("postgres"), module.WithUsername(user), module.WithPassword(password),
		testcontainers.WithCmdArgs(lean...),
		testcontainers.WithHostConfigModifier(loopback),
		module.BasicWaitStrategies(),
	)
	stop := func() error {
		if running == nil {
			return nil
		}
		return testcontainers.TerminateContainer(running, testcontainers.StopTimeout(time.Second))
	}
	if err != nil {
		if failed := stop(); failed != nil {
			err = fmt.Errorf("%w; %w", err, failed)
		}
		return nil, err
	}
	c := &postgres.Contained{User: user, Password: password, Database: "postgres", Stop: stop}
	if c.Host, c.Port, err = endpoint(ctx, running); err != nil {
		if failed := stop(); failed != nil {
			err = fmt.Errorf("%w; %w", err, failed)
		}
		return nil, err
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

func endpoint(ctx context.Context, running *module.PostgresContainer) (string, uint16, error) {
	host, err := running.Host(ctx)
	if err != nil {
		return "", 0, fmt.Errorf("find the container's host: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1" // the port is mapped there only, not on ::1
	}
	mapped, err := running.MappedPort(ctx, port)
	if err != nil {
		return "", 0, fmt.Errorf("find the container's port: %w", err)
	}
	return host, mapped.Num(), nil
}
