// Command managecontent handles POST /crossLaunch/{feature}/manageContent: an
// administrator opened the vendor's page from Control Hub to manage content.
package main

import (
	"os"

	"signpost/shared/assembly/light"
	"signpost/shared/assembly/start"
	"signpost/shared/webex"
)

func main() {
	start.Function(os.Environ(), os.Stdout, light.CrossLaunch(webex.ManageContent))
	os.Exit(1)
}
