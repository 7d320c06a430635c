package console_test

import (
	"strings"
	"testing"

	"signpost/shared/webex/webextest"
)

// TestRoomScheduler: a second screen of the room, with the same deviceId.
func TestRoomScheduler(t *testing.T) {
	org := activated(t, "Scheduler")
	b := visit(t, org)
	room := org.boards()[2]
	if room.RoomScheduler == "" {
		t.Fatalf("%s has no Room Scheduler", room.Name)
	}
	address, _ := cloud.DeviceURL(org.ID(), room.ID)
	b.show(item(room) + " .scheduler")
	b.wait(`[...document.querySelectorAll(` + quote(item(room)+" .screen") + `)].map((screen) => screen.dataset.shown).join(" ") === ` + quote(address+" "+address))
	b.waitText(item(room), room.RoomScheduler)
	if n := evaluate[int](b, `document.querySelectorAll(".scheduler").length`); n != 1 {
		t.Errorf("%d Room Schedulers, want one", n)
	}
	b.accessible("devices with a Room Scheduler")
}

func TestFactoryResetChangesTheDevice(t *testing.T) {
	org := activated(t, "Reset")
	b := visit(t, org)
	before := org.boards()[0]
	b.wait(`document.querySelector(` + quote(item(before)+" .screen") + `).dataset.shown !== undefined`)
	b.press(item(before)+" .reset button", before.Name+" was reset")
	b.waitText("#status", "It has a new deviceId")
	after := org.boards()[0]
	if after.ID == before.ID || after.OwnerID != before.OwnerID {
		t.Fatalf("it was %+v and is %+v", before, after)
	}
	b.wait(`!document.querySelector(` + quote(item(before)) + `)`)
	address, _ := cloud.DeviceURL(org.ID(), after.ID)
	if !strings.Contains(address, after.ID) {
		t.Fatalf("it shows %s", address)
	}
	b.wait(`document.querySelector(` + quote(item(after)+" .screen") + `).dataset.shown === ` + quote(address))
}

// TestDailyWipe: web apps are reloaded and signage is not.
func TestDailyWipe(t *testing.T) {
	org := activated(t, "Wipe")
	b := visit(t, org)
	var app webextest.Device
	for _, d := range cloud.Devices(org.ID()) {
		if d.Kind == webextest.KindShowsWebApp {
			app = d
		}
	}
	board := org.boards()[0]
	for _, d := range []webextest.Device{board, app} {
		b.show(item(d))
		b.wait(`document.querySelector(` + quote(item(d)+" .screen") + `).dataset.shown !== undefined`)
		b.eval(`document.querySelector(` + quote(item(d)+" iframe") + `).dataset.old = "yes"`)
	}
	since := evaluate[string](b, `document.querySelector(`+quote(item(board)+" time")+`).dateTime`)
	b.press("#wipe button", "Web app storage was wiped")
	b.wait(`document.querySelector(` + quote(item(app)+" iframe") + `)?.dataset.old === undefined`)
	b.show(item(board))
	if got := evaluate[string](b, `document.querySelector(`+quote(item(board)+" time")+`).dateTime`); got != since {
		t.Errorf("the storage of signage was wiped: %s, then %s", since, got)
	}
}
