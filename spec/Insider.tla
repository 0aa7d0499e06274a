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

(* Its commits are numbered apart from those that it makes as its own client would. *)
Mine(c, s, adds, removes, path, poison) == Commit(s, c, 100 + left["misdeed"], adds, removes, path, poison)
Work(c) == [adds |-> Adds(Log(c), Now(view[c])), removes |-> Now(view[c]).members \ Present(Log(c))]
Posted(c, adds, commit, welcome) == Committed(c, Parent(Log(c)), adds, commit, welcome)

(* A commit that is in order but for the path ciphertexts of some. Rust: Session::poison_paths *)
Poisoned(c, victims) ==
    LET commit == Mine(c, Now(view[c]), Work(c).adds, Work(c).removes, TRUE, victims)
    IN  Posted(c, commit.adds, commit, IF commit.adds = {} THEN NoState ELSE commit)

(* A commit on a group of its own, which has the right id, and the Welcome to it. Rust: Session::commit_aside *)
InAside(c, adds) ==
    LET alone == Mine(c, Now(view[c]), {}, Now(view[c]).members \ {c}, TRUE, {})
    IN  Mine(c, alone, adds, {}, FALSE, {})
Aside(c, adds) == Posted(c, adds, InAside(c, adds), InAside(c, adds))

(* A commit that is in order, with a Welcome of no use, or with one into a group of its own (rule 43). *)
Hollow(c) ==
    LET commit == Mine(c, Now(view[c]), Work(c).adds, Work(c).removes, TRUE, {})
    IN  Posted(c, commit.adds, commit, NoState)
Fork(c) ==
    LET commit == Mine(c, Now(view[c]), Work(c).adds, Work(c).removes, TRUE, {})
    IN  Posted(c, commit.adds, commit, InAside(c, commit.adds))

(* A commit that adds somebody without papers (rule 9), that removes who is present (rule 11), or whose entry names others than *)
(* it adds (rule 6).                                                                                                          *)
LetIn(c, others) == LET commit == Mine(c, Now(view[c]), others, {}, FALSE, {}) IN Posted(c, others, commit, commit)
Evict(c, others) == Posted(c, {}, Mine(c, Now(view[c]), {}, others, TRUE, {}), NoState)
Misname(c, others) ==
    LET commit == Mine(c, Now(view[c]), Work(c).adds, {}, FALSE, {}) IN Posted(c, others, commit, commit)

(* A client of the insider's with a key package that breaks a rule. Whether it counts as one of the server's clients *)
(* that wait is all that the room notices of it.                                                                     *)
Ghost == Clients + 1

Misdeed == {"junk", "poison", "aside", "hollow", "fork", "let in", "evict", "misname"}
Misbehave(c, how, others) ==
    /\ c \in Insiders /\ c \in EnteredGroup(Log(c)) /\ Spend("misdeed")
    /\ how # "junk" => Holds(c)
    /\ how \in {"hollow", "fork"} => others # {} /\ others = Work(c).adds
    /\ how \in {"aside", "evict", "misname"} => others # {}
    /\ how = "let in" => others # {} /\ \E d \in others : ~Admissible(d) \/ d \in Now(view[c]).members
    /\ AppendTo(view[c],
         CASE how = "junk" -> Junk(c, others)
           [] how = "poison" -> Poisoned(c, others)
           [] how = "aside" -> Aside(c, others)
           [] how = "hollow" -> Hollow(c)
           [] how = "fork" -> Fork(c)
           [] how = "let in" -> LetIn(c, others)
           [] how = "evict" -> Evict(c, others)
           [] how = "misname" -> Misname(c, others))
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away>>

SendGhost ==
    /\ \E c \in Insiders : view[c] = 1
    /\ Ghost \notin Present(log[1]) /\ DepartedAt(log[1], Ghost) = 0 /\ Spend("ghost")
    /\ AppendTo(1, Arrived(Ghost))
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away>>
NextInsider ==
    \/ NextHonest
    \/ \E c \in Known : \E how \in Misdeed : \E others \in SUBSET (Present(Log(c)) \ {c}) :
            Misbehave(c, how, others) /\ Did(<<how, c, others>>)
    \/ SendGhost /\ Did(<<"ghost">>)

InsiderSpec == Init /\ [][NextInsider \/ Rest]_<<vars, did>> /\ Fair
=============================================================================
