// Package container lets props/postgres start servers in containers, through testcontainers and
// a Docker engine. Importing it, for its effect alone, is all there is to do:
//
//	import _ "github.com/rlsfuzz/rlsfuzz/props/postgres/container"
//
// It is apart because testcontainers brings dozens of modules along. A container is removed by
// Close; should the process be killed, testcontainers' reaper removes it. Where TESTCONTAINERS_RYUK_DISABLED
// says that there is no reaper, the next start removes it.
package container
