package launch_test

import (
	"context"
	"fmt"
	"testing"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// discard is a store that keeps nothing.
type discard struct{}

func (discard) Create(context.Context, launch.Launch, string, installation.Used) error { return nil }

// BenchmarkIssue issues launches of few devices and of the most.
func BenchmarkIssue(b *testing.B) {
	issuer := issuer(b, discard{}, "https://content.example.com/open")
	for _, n := range []int{3, launch.MaxDevices} {
		b.Run(fmt.Sprint("devices=", n), func(b *testing.B) {
			order := launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent}
			for i := range n {
				order.Devices = append(order.Devices, launch.Device{DeviceID: fmt.Sprintf("Y2lzY29zcGFyazovL3VzL0RFVklDRS8%050d", i), DisplayName: "Foyer"})
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := issuer.Issue(b.Context(), token(""), order, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
