package stack

// KillEmulator ends the emulator as a crash would.
func KillEmulator(s *Stack) { s.table.process.Kill() }
