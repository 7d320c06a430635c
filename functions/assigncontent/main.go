// Command assigncontent handles POST /crossLaunch/{feature}/assignContent: an
// administrator opened the vendor's page from Control Hub for selected devices.
package main

import (
	"os"

	"signpost/shared/assembly/light"
	"signpost/shared/assembly/start"
	"signpost/shared/webex"
)

func main() {
	start.Function(os.Environ(), os.Stdout, light.CrossLaunch(webex.AssignContent))
	os.Exit(1)
}
