------------------------------- MODULE Insider -------------------------------
(* What a malicious member can do besides leaving, freezing and never committing: honest actions are open to it, too, *)
(* but nothing obliges it to them.                                                                                   *)
EXTENDS Properties

(* The insider. It keeps to no rule of its own client; the server and the others judge what it posts. *)

Insiders == {c \in Known : owner[c] \in Evil /\ On(c) /\ IsPresent(c)}
Now(v) == Truth(v, Len(log[v]))
Holds(c) == Now(view[c]) # NoState /\ c \in Now(view[c]).members

(* A commit that is none, with names and a Welcome of no use. Rust: attacks of rules 1 to 18 *)
Junk(c, adds) == Committed(c, Parent(Log(c)), adds, NoState, NoState)

(* A commit that is in order but for the path ciphertexts of some. Rust: Session::poison_paths *)
Poisoned(c, victims) ==
    LET s == Now(view[c])
        commit == Commit(s, c, Adds(Log(c), s), s.members \ Present(Log(c)), TRUE, victims)
    IN  Committed(c, Parent(Log(c)), commit.adds, commit, IF commit.adds = {} THEN NoState ELSE commit)

(* A Welcome into a group of its own, which has the right id, and beside it the commit that leads there. *)
(* Rust: Session::commit_aside                                                                           *)
Aside(c, adds) ==
    LET s == Now(view[c])
        alone == Commit(s, c, {}, s.members \ {c}, TRUE, {})
        commit == Commit(alone, c, adds, {}, FALSE, {})
    IN  Committed(c, Parent(Log(c)), adds, commit, commit)

(* A commit that is in order, with a Welcome of no use. *)
Hollow(c) ==
    LET s == Now(view[c])
        commit == Commit(s, c, Adds(Log(c), s), s.members \ Present(Log(c)), TRUE, {})
    IN  Committed(c, Parent(Log(c)), commit.adds, commit, NoState)

(* A client of the insider's with a key package that breaks a rule. Whether it counts as one of the server's clients *)
(* that wait is all that the room notices of it.                                                                     *)
Ghost == Clients + 1

Misbehave(c, how, others) ==
    /\ c \in Insiders /\ c \in EnteredGroup(Log(c)) /\ Spend("misdeed")
    /\ CASE how = "junk" -> AppendTo(view[c], Junk(c, others))
         [] how = "poison" -> Holds(c) /\ AppendTo(view[c], Poisoned(c, others))
         [] how = "aside" -> Holds(c) /\ others # {} /\ AppendTo(view[c], Aside(c, others))
         [] how = "hollow" -> Holds(c) /\ others = Adds(Log(c), Now(view[c])) /\ others # {} /\ AppendTo(view[c], Hollow(c))
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, wire, misled, away>>

SendGhost ==
    /\ \E c \in Insiders : view[c] = 1
    /\ Ghost \notin Present(log[1]) /\ DepartedAt(log[1], Ghost) = 0 /\ Spend("ghost")
    /\ AppendTo(1, Arrived(Ghost))
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, wire, misled, away>>
GhostLeaves ==
    /\ Ghost \in Present(log[1]) /\ AppendTo(1, Departed(Ghost))
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, wire, misled, away, left>>

NextInsider ==
    \/ NextHonest
    \/ \E c \in Known : \E how \in {"junk", "poison", "aside", "hollow"} : \E others \in SUBSET (Present(Log(c)) \ {c}) :
            Misbehave(c, how, others) /\ Did(<<how, c, others>>)
    \/ SendGhost /\ Did(<<"ghost">>)
    \/ GhostLeaves /\ Did(<<"ghost", "leaves">>)

InsiderSpec == Init /\ [][NextInsider \/ Rest]_<<vars, did>> /\ Fair /\ WF_vars(GhostLeaves)
=============================================================================
