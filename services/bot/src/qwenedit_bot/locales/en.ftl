### What the bot says in English. The same messages as in every other file of this folder; a test holds them together.

## Commands

start =
    👋 I edit photos by your words.

    1. Send me a photo.
    2. In its caption, say what to change, for example “make it snow” or “remove the people in the background”.
    3. Wait a little: the same message turns into your new picture.

    You can also send the photo first and the instruction after it. For the best quality, send the photo as a file.

    /help – tips, /cancel – stop, /privacy – what I keep
help =
    Send a photo with a caption that says what to change. Or send the photo first, then the text. Or reply to a photo of yours with the text.

    What works well:
    • say what should change and what should stay: “turn the car red, keep everything else”;
    • one wish at a time;
    • quote text that should appear: a sign that says “OPEN”.

    Photos: JPEG, PNG or WebP up to 20 MB, one at a time. Instructions: up to { $length } characters, in any language.

    /cancel stops everything you have asked for. Under each waiting job there is also a button.
    /privacy says what I keep and for how long.
privacy =
    What I keep, and for how long:

    • Your photos and the results: { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }, then they are deleted. Location and camera data in your files are removed at once.
    • Your instructions: until the job is answered and a day after it, at most a week in all.
    • A photo that waits for its instruction: only a reference to it, for an hour.

    Photos and instructions are never written to logs. They are used to make your picture and for nothing else.

command-start = How it works
command-help = Tips
command-cancel = Stop everything I asked for
command-privacy = What is kept, and how long

## Answers to what is no job

ask-instruction =
    Nice photo! What shall I do with it? Write it in one message, for example “make it snow”.

    /cancel, if you have changed your mind.
text-without-photo = I need a photo first. Send me one with a caption that says what to change, or send the photo and then the text.
unknown-command = I don't know this command. /help says what I can do.
unsupported = { $kind ->
    [sticker] A nice sticker, but I can only edit photos.
    [voice] I can't listen to voice messages yet. Please send a photo and write what to change.
    [audio] I can't do anything with music. Please send a photo.
    [animation] I can't edit GIFs and other moving pictures. Please send a photo.
    [video] I can't edit videos. Send me a screenshot of the moment you like as a photo.
    [document] I can't open this kind of file. I take photos: JPEG, PNG or WebP.
    [location] I can't do anything with a place. Please send a photo.
    [contact] I can't do anything with a contact. Please send a photo.
    [poll] I don't vote. Please send a photo.
   *[other] I can't do anything with that. Please send a photo and say what to change.
}
album = I take one photo at a time for now. Please send the one you want changed, with a caption that says how.
group = I don't work in groups yet. Write to me in a private chat.
trouble = Something went wrong on my side, and I could not do this. Please send it again in a minute.

## A job's message while it lasts

received = ⏳ Got it, one moment…
queued = { $position ->
    [1] ⏳ You are next in line.
   *[other] ⏳ Place in line: { $position }
}
delayed = 🔁 That did not work at once. I'm trying again in a few seconds…
starting = 🚀 Your turn: starting…
editing =
    🎨 Editing: step { $step } of { $steps }
    { $bar }
sending = 📤 Ready, sending…
stopping = ✋ Stopping…
cancel-button = ✖️ Cancel

## A job's end

done = ✨ Done in { NUMBER($seconds, maximumFractionDigits: 0) } s
cancelled = ✖️ Cancelled.
failed = { $reason ->
    [comfyui_unavailable] 😔 The image machine did not answer, though I tried several times. Please try again in a few minutes.
    [timeout] 😔 This took too long, and I stopped it. Try again, with a smaller photo or a simpler instruction.
    [out_of_memory] 😔 This picture needs more memory than I have. Please send a smaller one.
    [workflow_rejected] 😔 The image machine is not set up for this job. Its operator has to look at it; sending it again won't help right now.
    [execution_failed] 😔 The image machine could not edit this picture. Try another instruction or another photo.
    [worker_lost] 😔 The image machine broke down several times on this job. Please try again later, or with another photo.
    [picture_expired] 😔 The picture waited too long and has been deleted. Please send the photo again.
    [picture_unreadable] 😔 The image machine could not read this picture. Please send it as a JPEG or PNG.
    [expired] 😔 So many pictures were waiting that the turn of this one did not come in time. Please try again later.
   *[unknown] 😔 Something went wrong with this picture. Please try again.
}

## Refusals

instruction-too-long = This instruction has { $length } characters, and I can take { $limit }. Please say it shorter.
file-too-big = This file has { $megabytes } MB, and Telegram lets me fetch up to { $limit } MB. Send it as a photo rather than as a file, or make it smaller.
file-unavailable = Telegram does not give me this file. Please send it again.
picture-refused = { $why ->
    [too_many_pixels] This picture is { $width } × { $height } pixels, which is more than I can open. Please make it smaller.
    [too_small] This picture is only { $width } × { $height } pixels. I need at least { $limit } on each side.
    [too_narrow] This picture is too long and thin ({ $width } × { $height } pixels). Please crop it first.
    [damaged] This file is damaged: part of the picture is missing. Please send it again, or another copy of it.
    [animated] I can't edit GIFs and other moving pictures. Please send a photo.
    [heic] I can't open HEIC files. Send it as a photo rather than as a file, and Telegram will convert it.
   *[unknown] I can't read this file as a picture. I take JPEG, PNG and WebP.
}
queue-full = Too many people are waiting right now. Please try again in a few minutes.
storage-full = I have no room for another picture right now. Please try again in a few minutes.
too-many-unfinished = { $count ->
    [one] You already have a picture in the works. Wait for it or /cancel it, then send this again.
   *[other] You already have { $count } pictures in the works. Wait for one or /cancel them, then send this again.
}

## Cancelling

nothing-to-cancel = There is nothing to cancel.
dialogue-cancelled = All right, I've forgotten that photo.
jobs-cancelled = { $count ->
    [one] All right, I've cancelled your picture.
   *[other] All right, I've cancelled your { $count } pictures.
}
press-cancelled = Cancelled
press-stopping = Stopping…
press-done = This picture is already finished.
press-failed = This job has already ended.
press-forgotten = This was too long ago: I no longer know this job.
press-not-yours = Only the one who asked for this picture can cancel it.
