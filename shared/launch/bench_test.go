package launch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// nowhere keeps nothing.
type nowhere struct{}

func (nowhere) Create(context.Context, launch.Launch, string, installation.Used) error { return nil }

// BenchmarkIssue makes a launch for a few devices and for as many as there may be.
func BenchmarkIssue(b *testing.B) {
	issuer, err := launch.NewIssuer(nowhere{}, func(webex.Feature) bool { return true }, "https://content.example.com/open")
	if err != nil {
		b.Fatal(err)
	}
	token := webex.Token{Claims: webex.Claims{Subject: "ciscospark://us/ORGANIZATION/o", ID: "jti"}, KeyRegion: "us-west-2_r"}
	for _, n := range []int{3, launch.MaxDevices} {
		b.Run(fmt.Sprint("devices=", n), func(b *testing.B) {
			order := launch.Order{Feature: webex.DigitalSignage, Task: webex.AssignContent}
			for i := range n {
				order.Devices = append(order.Devices, launch.Device{DeviceID: fmt.Sprintf("Y2lzY29zcGFyazovL3VzL0RFVklDRS8%050d", i), DisplayName: "Foyer"})
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := issuer.Issue(context.Background(), token, order, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
