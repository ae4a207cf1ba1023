package container

import (
	"context"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// label marks our containers; its value is the tag of the run.
const label = "rlsfuzz.run"

// sweep removes the containers of runs of this machine that were killed. What it cannot do, it leaves: the
// start that follows says what is wrong with the engine.
func sweep(ctx context.Context, image postgres.Image) {
	engine, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return
	}
	defer engine.Close()
	found, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		return
	}
	for _, left := range found.Items {
		if !image.Over(left.Labels[label]) {
			continue
		}
		options := client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}
		if _, err := engine.ContainerRemove(ctx, left.ID, options); err == nil {
			image.Log("removed a container that a killed run left")
		}
	}
}
