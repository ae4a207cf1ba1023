// Package service starts the user's own servers and workers beside a scratch database, waits
// until each is ready, and ends its whole process group at close. What a service writes is
// kept for messages only.
package service
