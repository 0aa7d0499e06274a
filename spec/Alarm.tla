-------------------------------- MODULE Alarm --------------------------------
(* The fork alarm: members say what they see, and compare. With the server of the module Server.        *)
(* Rust: tangelo_call's fork_alarm. There is nothing in a word here that is not in a word there.         *)
EXTENDS Server

VARIABLES
    said,      \* client -> its words, in order
    heard,     \* <<d, c>> -> how many of c's words d has heard
    noted,     \* <<d, c, what>>: d has heard of c that the log or the group's state differs
    alarm      \* clients that found out that another one sees another call

talk == <<said, heard, noted, alarm>>
all == <<vars, posted, talk>>

(* The first n entries, as c's hash has them: a newcomer's goes on from that in its snapshot. Rust: RoomState *)
Seen(c, n) ==
    [i \in 1..n |-> IF "hash_from_arrival" \in Mistake /\ i < ArrivedAt(Log(c), c) THEN Arrived(0) ELSE Log(c)[i]]

(* A word: how far c is in the log and what that log was, sealed with the keys of the state that it holds; and in the open, *)
(* signed, with which entry the epoch began and its tag. The code has the two in messages of their own: View, ForkCheck.     *)
Word(c) == [log |-> Seen(c, read[c]), state |-> state[c], began |-> began[c]]

(* Members speak all the time: whatever a member comes to see, it says once, and its last word again and again. *)
Speaks(c) == c \in Honest /\ On(c) /\ InGroup(c)
Say ==
    said' = [c \in DOMAIN owner' |->
        LET before == IF c \in DOMAIN said THEN said[c] ELSE <<>>
            word == Word(c)'
        IN  IF ~Speaks(c)' \/ (before # <<>> /\ before[Len(before)] = word) THEN before ELSE Append(before, word)]

Talks(d, c) == IF <<d, c>> \in DOMAIN heard THEN heard[<<d, c>>] ELSE 0
Noted(d, c) == {what \in {"log", "group"} : <<d, c, what>> \in noted}

(* The states whose keys d has: a newcomer has none of those before it was added. *)
Held(d) == {s \in Ancestors(state[d]) : d \in s.members}

(* What differs for d after it has heard c's word.                                                               *)
(* Rust: ForkAlarm::told. A place before the own snapshot, or one that is yet to come, says nothing.             *)
InMessage(d, c, w) ==
    LET n == Len(w.log)
        known == ArrivedAt(Log(d), d) <= n /\ n <= read[d]
    IN  IF w.state \notin Held(d)
          \* MessageOutcome::Skipped for what is old: d may not have been a member then. ForkAlarm::unreadable for the rest.
          THEN IF w.state.epoch < state[d].epoch THEN Noted(d, c) ELSE {"group"}
        ELSE IF ~known THEN Noted(d, c) \cap {"log"}
        ELSE IF w.log # Seen(d, n) /\ "log_not_compared" \notin Mistake THEN {"log"} ELSE {}
(* Rust: ForkAlarm::checked. A check of a later epoch counts as a difference; when that epoch begins it is judged (there by *)
(* epoch_began, here because the last word is heard again). One of an epoch before d was added says nothing.               *)
InCheck(d, w) ==
    LET epoch == {s \in Held(d) : s.epoch = w.state.epoch}
        apart == \/ w.state.epoch > state[d].epoch
                 \/ epoch # {} /\ w.state \notin epoch
                 \/ w.state = state[d] /\ w.began # began[d]
    IN  IF apart THEN {"group"} ELSE {}
Differs(d, c, w) ==
    IF "alarm_by_epoch_only" \in Mistake THEN IF w.state.epoch > state[d].epoch THEN {"group"} ELSE {}
    ELSE InMessage(d, c, w) \union InCheck(d, w)

(* d hears the next of c's words, or the last one again. The server may be slow, and may not change the order: each word has *)
(* its place in the log. Nobody listens to who is no member for it, or has departed.                                        *)
Listens(d, c) == c # d /\ Speaks(d) /\ c \in state[d].members /\ c \in Present(Read(d))
Hear(d, c) ==
    /\ c \in DOMAIN said /\ said[c] # <<>> /\ Listens(d, c) /\ d \notin alarm
    /\ LET last == Len(said[c])
           next == IF Talks(d, c) < last THEN Talks(d, c) + 1 ELSE last
           differs == Differs(d, c, said[c][next])
       IN  /\ next > Talks(d, c) \/ differs # Noted(d, c)
           /\ heard' = [pair \in DOMAIN heard \union {<<d, c>>} |-> IF pair = <<d, c>> THEN next ELSE heard[pair]]
           /\ noted' = {note \in noted : ~(note[1] = d /\ note[2] = c)} \union {<<d, c, what>> : what \in differs}
    /\ UNCHANGED <<vars, posted, said, alarm>> /\ Did(<<"hears", d, c>>)

(* A difference that has lasted: d has read all that it is shown, has heard all that c has said, and c still says it. *)
(* Rust: ForkAlarm::judge, JUDGE_MS                                                                                   *)
Judge(d, c) ==
    /\ d \notin alarm /\ c \in DOMAIN said /\ Listens(d, c) /\ Noted(d, c) # {}
    /\ read[d] = Len(Log(d)) /\ Talks(d, c) = Len(said[c])
    /\ Differs(d, c, said[c][Len(said[c])]) = Noted(d, c)
    /\ alarm' = alarm \union {d}
    /\ UNCHANGED <<vars, posted, said, heard, noted>> /\ Did(<<"alarm", d, c>>)

NextAlarm ==
    \/ NextServer /\ Say /\ UNCHANGED <<heard, noted, alarm>>
    \/ \E c, d \in Known : Hear(d, c) \/ Judge(d, c)

(* Members read what they are shown, and the words get through; a server that keeps them back is noticed by the silence. *)
AlarmFair ==
    /\ WF_all(\E c \in Honest : ReadEntry(c) /\ Say /\ UNCHANGED <<posted, heard, noted, alarm>>)
    /\ WF_all(\E c, d \in Known : Hear(d, c))
    /\ WF_all(\E c, d \in Known : Judge(d, c))
StillSilence == Silence /\ UNCHANGED talk
AlarmInit ==
    /\ Init /\ posted = {} /\ heard = <<>> /\ noted = {} /\ alarm = {}
    /\ said = [c \in Known |-> IF Speaks(c) THEN <<Word(c)>> ELSE <<>>]
AlarmSpec == AlarmInit /\ [][NextAlarm \/ StillSilence]_<<all, did>> /\ AlarmFair

(* Two that take each other for members were shown different logs, or hold states of which neither led to the other. *)
SeeApart(c, d) ==
    LET n == IF read[c] < read[d] THEN read[c] ELSE read[d]
    IN  SubSeq(Log(c), 1, n) # SubSeq(Log(d), 1, n)
StandApart(c, d) == state[c] \notin Ancestors(state[d]) /\ state[d] \notin Ancestors(state[c])
Forked(c, d) == Listens(c, d) /\ Listens(d, c) /\ (SeeApart(c, d) \/ StandApart(c, d))

(* Forks imply an alarm. *)
Unnoticed == \E c, d \in Honest : Forked(c, d) /\ {c, d} \cap alarm = {}
ForksImplyAlarm == Unnoticed ~> ~Unnoticed

(* As long as the server does nothing wrong, nobody is alarmed. *)
AlarmMeansAttack == alarm # {} => left["split"] < Splits \/ left["forge"] < Forgeries \/ left["ghost"] < Ghosts
=============================================================================
