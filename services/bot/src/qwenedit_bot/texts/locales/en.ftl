### What the bot says in English. The same messages as in every other file of this folder; a test holds them together. Between a number and its unit stands a no-break space.

## Commands

start =
    👋 Hi! I edit photos: tell me what to change, and I'll do it.

    1. Send me a photo.
    2. Write in its caption what to change, for example “make it snow” or “remove the people in the background”.
    3. Wait a little: my answer turns into your new picture.

    You can also send the photo first and the instruction after it.

    An AI edits the pictures, and each file says so.

    /cancel stops everything, /privacy says what I keep.
help =
    Send a photo with a caption that says what to change. Or send the photo first, then the text. Or reply to a photo of yours with the text.

    What works well:
    • say what should change and what should stay: “turn the car red, keep everything else”;
    • ask for one thing at a time;
    • put words that should appear in quotes: a sign that says “OPEN”.

    Photos: JPEG, PNG, WebP or HEIC up to 20 MB, alone or up to three in an album: “put the jacket from photo 2 on the person in photo 1”. Instructions: up to { $length } characters, in any language.

    { $larger ->
        [0] My pictures are smaller than those of a camera.
       *[other] My pictures are smaller than those of a camera; 🔍 Larger, below a picture, enlarges it. If you sent the photo as a file, it can grow to that size, up to { $larger } megapixels.
    }

    /presets offers ready-made edits, such as trying on clothes; in reply to a photo, for that one. “/presets beard” searches them.
    /status says where your pictures are.
    /cancel stops everything you have asked for. Under each waiting job there is also a button.
    /privacy says what I keep and for how long.
privacy =
    What I keep, and for how long:

    • Your photos: until the picture is ready or cancelled. If it fails, up to { $failed } more, so that it can be tried again. Location and camera data in your files are removed at once.
    • The results: { $pictures } at most.
    • Your instructions, and references to the photos at Telegram, for “Again”: until the job is answered and { $answered } after it, at most { $unanswered } in all.
    • A photo that waits for its instruction (only a reference to it), or words that wait for a photo: { $waiting }.
    • Requests that wait until other pictures of yours are ready: { $backlog } at most.
    • Which message of mine answers which of yours, as numbers: { $replies }.
    • The language that you chose with /language: { $language }.
privacy-counted = • How many pictures you asked for today: until the day after. Pictures that were given to you: until you have used them.
privacy-checked = • A service of this bot's owner checks photos and instructions before I begin, and results before you see them. It is not told your name. The owner decides what it keeps.
privacy-paid = • What you have paid, so that it can be given back: { $paid } after your last payment.
privacy-promise =
    Photos and instructions are never written to logs. They are used to make your picture and for nothing else.

    Results carry a mark that an AI edited them. It names neither you nor your instruction.

    /forget deletes your data at once, and says what stays.
period = { $unit ->
    [minutes] { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
    [hours] { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
    [years] { $count ->
        [one] { $count } year
       *[other] { $count } years
    }
   *[days] { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
}
forget =
    Shall I delete everything that I keep about you? Your photos and results, your instructions, our conversation, your language and your limits: at once, and for good. Pictures that are not ready yet are cancelled.

    The messages in this chat stay; you can delete them yourself. So does a ban, if there is one.
forget-counted = The number of pictures that you had today is kept until 00:00 UTC.
forget-paid = Your payments stay too, and the pictures that you bought and have not used.
forget-button = 🗑 Delete everything
forget-not-button = Keep it
forget-not = All right, nothing was deleted.
forgotten = 🗑 Done: I have deleted everything that I kept about you. Send me a photo whenever you want to start again.
forgotten-soon = 🗑 Done: I have deleted everything that I kept about you. The picture that I was working on is being stopped, and will be deleted within seconds.
forgotten-later = 🗑 Done, but for your pictures: their storage does not answer right now. They can no longer be seen, and I delete them as soon as it answers.

command-start = How it works
command-edit = Edit the photo you reply to
command-help = Tips
command-presets = Ready-made edits
command-status = Where my pictures are
command-cancel = Stop everything I asked for
command-language = Language: { $languages }
command-limits = How many pictures you have left
command-privacy = What I keep, and for how long
command-buy = More pictures for Telegram Stars
command-paysupport = Help with a payment
command-refund = Give a payment back: /refund 123456789
command-forget = Delete everything about me

## Answers to what is no job

ask-instruction =
    Nice photo! What shall I do with it? Write it in one message, for example “make it snow”, or choose below.

    /cancel, if you have changed your mind.
ask-instruction-album =
    Got { $count } photos. What shall I do with them? Write it in one message, for example “put the jacket from photo 2 on the person in photo 1”, or choose below.

    /cancel, if you have changed your mind.
which-photo = Which photo? Send it and I'll do this.
other-photo = Got it. Now send the other photo.
not-this-button = Not this photo
start-over-button = Start over
then-button = Then this
begun = I've already begun this picture. “{ $said }”: start over with this, or do it to the result?
undone = ↩️ Back to this one. What should I change?
nothing-before = There's nothing before this one.
undo-button = Undo
like-this-button = Edit the picture like this
type-instead = I can't listen yet. Please type what to change.
forgotten-how = I've forgotten how I made this one. Reply to the picture and say what to change.
resume-button = Do it now
not-yet = I haven't begun this one. Shall I?
press-answered = You've already answered this.
words-taken = 📝 Taken for your photo: “{ $said }”
gathered-with-words = “{ $said }”: shall I make one picture of the { $count } photos together, or edit each on its own?
gathered-left-out = I take up to { $limit } at once, so I left out the photos after these.
gathered-each = Each on its own, then. What shall I do with them? Write it in one message, or choose below.
gathered-taken = { $count ->
    [1] 📝 Taken: “{ $said }”
   *[other] “{ $said }”, for each of the { $count } photos.
}
together-button = 🧩 Together
one-each-button = 🖼 One each
edited-in-time = ✏️ All right, with the new words: “{ $said }”
edited-refused = I can't take the new words: they are too long, or against the rules of this bot. The old ones count.
unknown-command = I don't know this command. /help says what I can do.
unknown-command-near = I don't know this command. Did you mean { $near }?
unsupported = { $kind ->
    [sticker] A nice sticker, but I can only edit photos.
    [voice] I can't listen to voice messages yet. Please send a photo and write what to change.
    [audio] I can't do anything with music. Please send a photo.
    [animation] I can't edit GIFs and other moving pictures. Please send a photo.
    [video] I can't edit videos. Send me a screenshot of the moment you like as a photo.
    [live_photo] I can't edit live photos. Please send it as an ordinary photo.
    [document] I can't open this kind of file. I take photos: JPEG, PNG, WebP or HEIC.
    [location] I can't do anything with a place. Please send a photo.
    [contact] I can't do anything with a contact. Please send a photo.
    [poll] I don't vote. Please send a photo.
    [game] I don't play, I only edit photos. Please send me one.
    [story] I can't open stories. Please send a screenshot of it as a photo.
    [paid_media] I can't open paid posts. Please send a photo.
    [gift] 🎁 What a nice gift, thank you!
   *[other] I can't do anything with that. Please send a photo and say what to change.
}
album-mixed = { $kind ->
    [document] I left out a file that I can't open.
   *[video] I left out the video: I can't edit videos.
}
welcome = 😊 Glad to help! Send me the next photo whenever you like.
album-hidden = In this group Telegram shows me only one photo of your album. Send me the album in a private chat, or let an admin make me an admin here.
group-help =
    👋 I edit photos, and here I act only when you call me:

    • put “/edit make it snow” in the caption of a photo, or write it in reply to anybody's photo;
    • @{ $bot } does the same as /edit;
    • reply to a picture of mine to change it further.

    The buttons under a picture work for the person who asked for it.
group-other-command = Here I only know /edit, /help and /cancel. For everything else, write to me in private: @{ $bot }.
group-no-photo = Which photo? Write this in reply to one, or as a photo's caption, with /edit or @{ $bot } in front. Or send the photo in reply to this message.
trouble = Something went wrong on my side, and I could not do this. Please send it again in a minute.
too-many-at-once =
    That was a lot at once. { $count ->
        [one] I did not look at one of your messages: please send it again.
       *[other] I did not look at { $count } of your messages: please send them again, a few at a time.
    }

## Language

language = Which language shall I use?
language-name = English
language-of-telegram = As in my Telegram
press-language = I'll use English from now on.

## Presets

presets = What would you like? Choose here and then send the photo, or send a photo with your own words.
presets-of = { $pages ->
    [1] { $category }
   *[other] { $category } · page { $page } of { $pages }
}
preset-photo =
    { $name }
    { $example }

    { $count ->
        [1] Now send me the photo.
       *[other] Now send photo { $number } of { $count }: { $what }.
    }
preset-photo-in-group = Send it in reply to this message.
preset-taken = { $count ->
    [1] You chose “{ $name }”.
   *[other] You chose “{ $name }” for each of the { $count } photos.
}
found = { $more ->
    [0] 🔎 “{ $query }”
   *[other] 🔎 “{ $query }”: the first { $shown } of { $count }
}
found-nothing = I found nothing for “{ $query }”. Try another word, or choose below.
styles-button = Styles
help-button = 💡 Tips
language-button = 🌐 Language
earlier-button = ◀️
later-button = ▶️
back-button = ↩️ Back

## A job's message while it lasts

received = ⏳ Got it, one moment…
queued = { $position ->
    [1] ⏳ You are next in line.
   *[other] ⏳ Place in line: { $position }
}
ready-in = { $unit ->
    [seconds] Ready in about { $count } s
   *[minutes] Ready in about { $count } min
}
waking = 🔌 Starting the server, which may take a few minutes
on-hold = ⏸️ The bot is paused for the moment. Your photo keeps its place.
late = 🐢 This takes longer than usual. If it gets stuck, I try it again by myself.
gives-up = If it cannot begin within { $minutes } min, I'll tell you.
delayed = 🔁 That did not work at once. I'm trying again soon…
requeued = 🔁 This one failed before. I'm trying it again…
starting = 🚀 Your turn: starting…
editing =
    🎨 Editing: step { $step } of { $steps }
    { $bar }
sending = 📤 Ready, sending…
stopping = ✋ Stopping…
wish = “{ $said }”
job = Job { $job }
nothing-in-the-works = You have nothing in the works. Send me a photo and say what to change.
cancel-button = ✖️ Cancel

## A job's end

done = ✨ “{ $said }”
left = { $bought ->
    [0] { $today ->
        [0] none left today
       *[other] { $today } left today
    }
   *[other] { $left } left
}
cancelled = ✖️ Cancelled.
failed = { $reason ->
    [comfyui_unavailable] 😔 The server did not answer, though I tried several times. Please try again in a few minutes.
    [timeout] 😔 This took too long, and I stopped it. Try again, with a smaller photo or a simpler instruction.
    [out_of_memory] 😔 This picture needs more memory than I have. Please send a smaller one.
    [server_out_of_memory] 😔 The server does not have the memory to edit pictures now. Your photo is fine: the owner of this bot has to fix that. Please try again later.
    [workflow_rejected] 😔 The server is not set up for this edit. The owner of this bot has to fix that; sending it again won't help right now.
    [execution_failed] 😔 The server could not edit this picture. Try another instruction or another photo.
    [worker_lost] 😔 The server went down several times while working on this. Please try again later, or with another photo.
    [picture_expired] 😔 The picture waited too long and has been deleted. Please send the photo again.
    [picture_unreadable] 😔 The server could not read this picture. Please send it as a JPEG or PNG.
    [picture_too_large] 😔 This picture is too large for the server. Please send a smaller one.
    [storage_full] 😔 Your picture was ready, but I had no room to keep it. Please try again in a few minutes.
    [expired] 😔 The turn of this picture did not come in time. Please try again later.
   *[unknown] 😔 Something went wrong with this picture. Please try again.
}
larger-out-of-memory = 😔 The server does not have the memory to make this picture that large. The smaller one is still yours to use.

again-button = Again
as-file-button = File
larger-button = Larger
try-again-button = 🔁 Try again
ask-further-in-group = What shall I change in this picture? Reply to this message.

## Refusals

instruction-too-long = This instruction has { $length } characters, and I can take { $limit }. Please shorten it.
file-too-big = This file has { $megabytes } MB, and Telegram lets me fetch up to { $limit } MB. Send it as a photo rather than as a file, or make it smaller.
file-unavailable = Telegram does not give me this file. Please send it again.
picture-refused = { $why ->
    [too_many_pixels] This picture is { $width } × { $height } pixels, which is more than I can open. Please make it smaller.
    [too_small] This picture is only { $width } × { $height } pixels. I need at least { $limit } on each side.
    [too_narrow] This picture is too long and thin ({ $width } × { $height } pixels). Please crop it first.
    [damaged] This file is damaged: part of the picture is missing. Please send it again, or another copy of it.
    [animated] I can't edit GIFs and other moving pictures. Please send a photo.
    [too_heavy] This file takes too long to open. Please send it as a photo rather than as a file, or save it again as a JPEG.
   *[unknown] I can't read this file as a picture. I take JPEG, PNG, WebP, HEIC and AVIF.
}
about-photo = Photo { $number }: { $said }
queue-full = Too many people are waiting right now. Please try again in a few minutes.
storage-full = I have no room for another picture right now. Please try again in a few minutes.
storage-slow = My storage is too slow for this picture right now. Please try again in a few minutes.
waits-in-backlog = ⏳ I'll begin as soon as one of your other pictures is ready.
waits-for-result = ⏳ I'll do this to the result as soon as it's there.
nothing-to-follow = There's no result that I could do this to. Reply to a photo with these words, and I'll do it there.
in-backlog = { $count ->
    [one] { $count } more follows by itself.
   *[other] { $count } more follow by themselves.
}
backlog-full = { $count ->
    [one] { $count } picture is waiting already. Send this again when it's ready.
   *[other] { $count } pictures are waiting already. Send this again when some of them are ready.
}

moderation-refused = 🚫 The rules of this bot do not allow this photo or this instruction, so I have not begun. Please try another one.
moderation-unavailable = I could not check whether this is within the rules of this bot, so I have not begun. Please try again in a few minutes.
pictures-forbidden = 🖼 The picture is ready, but I may not send it in this chat. Pictures come as photos, very large or long ones as files; once an admin allows that, it comes here.
result-refused = 🚫 The rules of this bot do not allow what came out, so I cannot show it; it is deleted. Please try another instruction.
result-unchecked = 😔 I could not check whether what came out is within the rules of this bot, so I cannot show it; it is deleted. Please try again in a few minutes.

## Who may, and how much

not-invited = This bot is private: only people whom its owner has invited can use it.
banned = The owner of this bot has blocked you from using it. /privacy and /forget still work.
write-as-yourself = Please write to me as yourself: I can't see who speaks for a group or channel.
daily-limit = { $count ->
    [0] You have no pictures left.
    [one] You have used your picture for today. The next one comes at 00:00 UTC, in { $time }.
   *[other] You have used your { $count } pictures for today. New ones come at 00:00 UTC, in { $time }.
} I keep your last photo and your words for a day.
daily-limit-in-group = You have no pictures left today. /limits in our private chat says more. I keep your last photo and your words for a day.
left-today = { $count ->
    [0] None left today; new ones from 00:00 UTC, in { $time }.
    [one] { $count } picture left today; new ones from 00:00 UTC, in { $time }.
   *[other] { $count } pictures left today; new ones from 00:00 UTC, in { $time }.
}
left-bought = { $count ->
    [one] And { $count } more that does not expire.
   *[other] And { $count } more that do not expire.
}
no-limit = You have no daily limit.
not-counted = This one does not count.
withheld-counted = This one counts: only the first three such pictures of a day don't.
buy-hint = /buy gets you more at once.
buy = More pictures for Telegram Stars. They do not expire, and are used once those of the day are gone. If a picture fails, you get it back.
buy-button = { $jobs ->
    [one] { $jobs } picture
   *[other] { $jobs } pictures
} · ⭐ { $stars }
invoice-title = { $jobs ->
    [one] { $jobs } picture
   *[other] { $jobs } pictures
}
invoice-description = On top of the pictures of the day. They do not expire. If a picture fails, you get it back.
pack-gone = This is no longer on offer, and nothing was paid. /buy shows what is.
paid = { $jobs ->
    [one] ⭐ Thank you! { $jobs } more picture is yours. /limits says how many you have.
   *[other] ⭐ Thank you! { $jobs } more pictures are yours. /limits says how many you have.
}
payment-returned = ⭐ { $stars } were refunded to you. The unused pictures of that purchase are gone.
pay-support =
    Is something wrong with a payment? Write to { $contact } and quote the payment from the list below. Telegram's own support cannot help with purchases from this bot.

    If a picture fails, you get it back by itself.
payment = { $date } · ⭐ { $stars } · { $state ->
    [refunded] given back
   *[paid] { $left } of { $jobs } left
} · { $charge }
payments-of = What user { $user } has paid. To give a payment back: /refund { $user } and the id at the end of its line.
no-payments = User { $user } has made no such payment.
refunded = ⭐ { $stars } were refunded to user { $user }. The unused pictures are gone.
refunded-before = Already refunded: { $when }.
refund-refused = Telegram refuses the refund: { $why }
duration = { $hours ->
    [0] { $minutes } min
   *[other] { $hours } h { $minutes } min
}

## Cancelling

nothing-to-cancel = There is nothing to cancel.
dialogue-cancelled = { $what ->
    [words] All right, I've forgotten what you wrote.
    [choice] All right, I've forgotten your choice.
   *[photo] All right, I've forgotten that photo.
}
jobs-cancelled = { $count ->
    [one] All right, I've cancelled your picture.
   *[other] All right, I've cancelled your { $count } pictures.
}
press-cancelled = Cancelled
press-stopping = Stopping…
press-done = This picture is already finished.
press-failed = This job has already ended.
press-preset-gone = This one is no longer on offer.
press-in-the-works = I am already working on it.
press-forgotten = This was too long ago: I no longer know this job.
press-expired = I no longer have this picture: pictures are deleted after a while. Please send it again.
press-file-sent = Here it is ↑
press-file-gone = I no longer have this picture as a file: files are deleted after a while. The picture in the chat stays, and you can edit it further.
press-file-refused = Telegram does not let me send the file. Perhaps files are not allowed in this chat.
press-not-yours = Only the person who asked for this picture can use its buttons.
press-again = Once more…
press-larger = Making it larger…
press-not-now = Not right now

## For admins

command-stats = Numbers of jobs and workers
command-queue = Jobs that run and wait
command-pause = Pause the queue
command-resume = Resume the queue
command-ban = Ban a user: /ban 123456789
command-unban = End a ban: /unban 123456789
command-grant = Give a user jobs: /grant 123456789 10
stats-queue = Queue: { $waiting } waiting, { $running } running, { $delayed } between attempts, { $dead } dead
stats-workers = Workers: { $count }, { $ready } of them ready
queue-job = { $job } · { $state ->
    [queued] waits
    [running] runs on { $worker }
    [delayed] between attempts
   *[other] { $state }
} · for { $seconds } s · user { $user }
queue-more = … and { $count } more
queue-empty = Nobody waits and nothing runs.
paused = ⏸ The queue is paused: running jobs are finished, new ones wait. /resume ends the pause.
resumed = ▶️ The queue goes on; { $count } waiting.
admin-usage = Like this: { $usage }
not-an-admin = An admin cannot be banned.
banned-user = User { $user } is banned; what they waited for is cancelled. /unban { $user } ends it.
unbanned-user = User { $user } is not banned any more.
granted = { $count ->
    [one] User { $user } has { $count } more job, beyond those of the day.
   *[other] User { $user } has { $count } more jobs, beyond those of the day.
}
