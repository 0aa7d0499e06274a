-------------------------------- MODULE Trace --------------------------------
(* Whether runs of the real code are behaviours of the model: what crates/sim recorded, action by action, with *)
(* what each client held afterwards. TraceData is written by `cargo xtask model`, which reads how far each run  *)
(* gets from what is printed. There are a few guesses on the way (below), so that a state without a next one is *)
(* only a wrong guess: TLC does not look for deadlocks here.                                                    *)
EXTENDS Properties, TraceData

VARIABLES
    which,     \* the run
    at         \* the event that is next

Event == Traces[which][at]

Holds(c, holds) ==
    CASE holds[1] = "dropped" -> run'[c] = "gone"
      [] holds[1] = "nothing" -> run'[c] = "on" /\ state'[c] = NoState
      [] holds[1] = "state" ->
            /\ run'[c] = "on" /\ state'[c] # NoState
            /\ state'[c].group = holds[2] /\ state'[c].epoch = holds[3] /\ state'[c].members = holds[4]

Posts(c, e) ==
    /\ wire'[c].parent = e.parent /\ wire'[c].adds = e.adds
    /\ wire'[c].commit.removes = e.removes /\ wire'[c].commit.path = e.path

Matches(e) ==
    LET c == e.client IN
    CASE e.action = "arrive" -> Arrive(e.person, 1) /\ Len(owner') = c
      [] e.action = "read" -> ReadEntry(c) /\ read'[c] = e.place /\ Holds(c, e.holds)
      [] e.action = "found" -> PostFound(c) /\ Posts(c, e)
      [] e.action \in {"commit", "rekey"} -> (PostWork(c) \/ PostRekey(c)) /\ Posts(c, e)
      [] e.action = "take" -> TakePost(c) /\ Len(log'[1]) = e.place
         \* A refusal may be of an older post, which its author has given up by then.
      [] e.action = "refuse" -> RefusePost(c) \/ UNCHANGED vars
      [] e.action = "enter" -> TakeEnter(c) /\ Len(log'[1]) = e.place
      [] e.action = "depart" -> Depart(c)
      [] e.action = "drop" -> HearOfDeparture(c) \/ Doubt(c)
      [] e.action = "crash" -> Crash(c, e.away)
      [] e.action = "freeze" -> Freeze(c)
      [] e.action = "wake" -> Wake(c)
      [] e.action = "disconnect" -> Disconnect(c)
      [] e.action = "resume" -> Resume(c)

(* The furthest that a run got, in the register of its number. *)
ASSUME \A i \in DOMAIN Traces : TLCSet(i, 1)
Tell(n) == n > TLCGet(which) => TLCSet(which, n) /\ PrintT(<<"run", which, "reached", n>>)

Follow == at <= Len(Traces[which]) /\ Matches(Event) /\ at' = at + 1 /\ Tell(at + 1)
(* When a client hears of a refusal is not recorded, nor that a newcomer lost its connection before it got the snapshot. *)
Unseen ==
    /\ at <= Len(Traces[which]) /\ UNCHANGED at
    /\ \E c \in Known :
         \/ HearRefusal(c)
         \/ Event.action = "arrive" /\ Event.person = owner[c] /\ read[c] = ArrivedAt(Log(c), c) /\ Doubt(c)

TraceSpec ==
    /\ Init /\ which \in DOMAIN Traces /\ at = 1
    /\ [][(Follow \/ Unseen) /\ Did(<<>>) /\ UNCHANGED which]_<<vars, did, which, at>>
=============================================================================
