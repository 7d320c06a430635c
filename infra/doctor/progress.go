package main

import (
	"fmt"
	"os"
	"time"
)

// slow is after which time a person wants to know what is waited for.
const slow = 2 * time.Second

// progress says on the error output what is being done once it takes long, and
// returns what ends that.
func (d *doctor) progress(what string) (done func()) {
	if d.json {
		return func() {}
	}
	began := time.Now()
	timer := time.AfterFunc(slow, func() { fmt.Fprintf(os.Stderr, "… %s\n", what) })
	return func() {
		if !timer.Stop() {
			fmt.Fprintf(os.Stderr, "… %s took %s\n", what, time.Since(began).Round(100*time.Millisecond))
		}
	}
}
